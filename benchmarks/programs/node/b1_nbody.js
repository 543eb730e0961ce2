// planets under gravity, symplectic Euler
const N = Number(process.argv[2] ?? 450000);
const { sqrt } = Math;
let seed = 42;
function rnd() {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647 - 0.5;
}
const bodies = [{ x: 0, y: 0, z: 0, vx: 0, vy: 0, vz: 0, m: 40 }];
for (let i = 2; i <= 5; i++) {
  const r = 4 * i;
  bodies.push({ x: r, y: rnd(), z: rnd(), vx: rnd() * 0.1, vy: sqrt(40 / r), vz: rnd() * 0.1, m: 0.01 * i });
}
function energy(bs) {
  let e = 0;
  for (let i = 0; i < bs.length; i++) {
    const b = bs[i];
    e = e + 0.5 * b.m * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz);
    for (let j = i + 1; j < bs.length; j++) {
      const c = bs[j];
      const dx = b.x - c.x, dy = b.y - c.y, dz = b.z - c.z;
      e = e - b.m * c.m / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return e;
}
function advance(bs, dt) {
  const n = bs.length;
  for (let i = 0; i < n; i++) {
    const b = bs[i];
    const bx = b.x, by = b.y, bz = b.z, bm = b.m;
    let vx = b.vx, vy = b.vy, vz = b.vz;
    for (let j = i + 1; j < n; j++) {
      const c = bs[j];
      const dx = bx - c.x, dy = by - c.y, dz = bz - c.z;
      const d2 = dx * dx + dy * dy + dz * dz;
      const mag = dt / (d2 * sqrt(d2));
      const cm = c.m * mag;
      vx -= dx * cm; vy -= dy * cm; vz -= dz * cm;
      const k = bm * mag;
      c.vx += dx * k; c.vy += dy * k; c.vz += dz * k;
    }
    b.vx = vx; b.vy = vy; b.vz = vz;
    b.x = bx + dt * vx; b.y = by + dt * vy; b.z = bz + dt * vz;
  }
}
const e0 = energy(bodies);
for (let i = 0; i < N; i++) advance(bodies, 0.001);
console.log(["nbody", N, `${e0.toFixed(9)} ${energy(bodies).toFixed(9)} ${bodies[1].x.toFixed(6)}`].join("\t"));
