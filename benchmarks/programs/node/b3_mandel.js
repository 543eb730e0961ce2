// escape-time fractals in plain float arithmetic
const N = Number(process.argv[2] ?? 920);
function escape(zr, zi, cr, ci, limit) {
  let n = 0;
  let r2 = zr * zr, i2 = zi * zi;
  while (r2 + i2 <= 4.0 && n < limit) {
    zi = 2.0 * zr * zi + ci;
    zr = r2 - i2 + cr;
    r2 = zr * zr;
    i2 = zi * zi;
    n = n + 1;
  }
  return n;
}
let inside = 0, total = 0, hash = 0;
for (let y = 0; y < N; y++) {
  const ci = 2.0 * y / N - 1.0;
  for (let x = 0; x < N; x++) {
    const n = escape(0.0, 0.0, 2.0 * x / N - 1.5, ci, 60);
    if (n === 60) inside++;
    total += n;
    if (x % 3 === 0 && y % 3 === 0) {
      hash = (hash * 31 + escape(3.0 * x / N - 1.5, 2.4 * y / N - 1.2, -0.79, 0.15, 120)) % 1000003;
    }
  }
}
console.log(["mandel", N, inside, total, hash].join("\t"));
