// pancake flips over all permutations, by Heap's method
const N = Number(process.argv[2] ?? 9);
const p = new Array(N + 1).fill(0), q = new Array(N + 1).fill(0), c = new Array(N + 1).fill(0);
let maxflips = 0, checksum = 0, sign = 1, seen = 0;
function flips() {
  let n = 0;
  for (let i = 1; i <= N; i++) q[i] = p[i];
  let first = q[1];
  while (first !== 1) {
    for (let i = 1, j = first; i < j; i++, j--) {
      const t = q[i]; q[i] = q[j]; q[j] = t;
    }
    n++;
    first = q[1];
  }
  return n;
}
function visit() {
  const f = flips();
  if (f > maxflips) maxflips = f;
  checksum += sign * f * (seen % 5 + 1);
  sign = -sign;
  seen++;
}
for (let round = 0; round < 3; round++) {
  for (let i = 1; i <= N; i++) { p[i] = i; c[i] = 0; }
  visit();
  let i = 1;
  while (i <= N) {
    if (c[i] < i - 1) {
      const k = i % 2 === 1 ? 1 : c[i] + 1;
      const t = p[k]; p[k] = p[i]; p[i] = t;
      visit();
      c[i]++;
      i = 1;
    } else {
      c[i] = 0;
      i++;
    }
  }
}
console.log(["fannkuch", N, seen, maxflips, checksum].join("\t"));
