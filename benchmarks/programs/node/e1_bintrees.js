// allocation of many small arrays and records: short-lived binary trees beside a long-lived one
const DEPTH = Number(process.argv[2] ?? 15);
function make(d) { return d === 0 ? [] : [make(d - 1), make(d - 1)]; }
function count(t) { return t.length === 0 ? 1 : 1 + count(t[0]) + count(t[1]); }
function record(d, k) {
  if (d === 0) return { key: k, left: null, right: null };
  return { key: k, left: record(d - 1, 2 * k), right: record(d - 1, 2 * k + 1) };
}
function sum(t) { return t === null ? 0 : t.key % 7 + sum(t.left) + sum(t.right); }
const keep = make(DEPTH);
let total = 0, trees = 0;
for (let d = 4; d <= DEPTH; d += 2) {
  const n = 2 ** (DEPTH - d + 4);
  for (let i = 0; i < n; i++) {
    total += count(make(d));
    trees++;
  }
}
let s = 0;
for (let i = 1; i <= 40; i++) s += sum(record(10, i));
console.log(["bintrees", DEPTH, `${trees} ${total} ${count(keep)} ${s}`].join("\t"));
