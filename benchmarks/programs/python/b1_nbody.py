# planets under gravity, symplectic Euler
import sys
from math import sqrt
class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "m")
    def __init__(self, x, y, z, vx, vy, vz, m):
        self.x, self.y, self.z, self.vx, self.vy, self.vz, self.m = x, y, z, vx, vy, vz, m
seed = 42
def rnd():
    global seed
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647 - 0.5
def energy(bs):
    e = 0.0
    for i, b in enumerate(bs):
        e = e + 0.5 * b.m * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz)
        for j in range(i + 1, len(bs)):
            c = bs[j]
            dx, dy, dz = b.x - c.x, b.y - c.y, b.z - c.z
            e = e - b.m * c.m / sqrt(dx * dx + dy * dy + dz * dz)
    return e
def advance(bs, dt):
    n = len(bs)
    for i in range(n):
        b = bs[i]
        bx, by, bz, bm = b.x, b.y, b.z, b.m
        vx, vy, vz = b.vx, b.vy, b.vz
        for j in range(i + 1, n):
            c = bs[j]
            dx, dy, dz = bx - c.x, by - c.y, bz - c.z
            d2 = dx * dx + dy * dy + dz * dz
            mag = dt / (d2 * sqrt(d2))
            cm = c.m * mag
            vx, vy, vz = vx - dx * cm, vy - dy * cm, vz - dz * cm
            k = bm * mag
            c.vx, c.vy, c.vz = c.vx + dx * k, c.vy + dy * k, c.vz + dz * k
        b.vx, b.vy, b.vz = vx, vy, vz
        b.x, b.y, b.z = bx + dt * vx, by + dt * vy, bz + dt * vz
def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 450000
    bodies = [Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 40.0)]
    for i in range(2, 6):
        r = 4.0 * i
        y = rnd()
        z = rnd()
        vx = rnd() * 0.1
        vy = sqrt(40 / r)
        bodies.append(Body(r, y, z, vx, vy, rnd() * 0.1, 0.01 * i))
    e0 = energy(bodies)
    for _ in range(n):
        advance(bodies, 0.001)
    print("nbody", n, "%.9f %.9f %.6f" % (e0, energy(bodies), bodies[1].x), sep="\t")
main()
