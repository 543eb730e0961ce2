# escape-time fractals in plain float arithmetic
import sys
def escape(zr, zi, cr, ci, limit):
    n = 0
    r2, i2 = zr * zr, zi * zi
    while r2 + i2 <= 4.0 and n < limit:
        zi = 2.0 * zr * zi + ci
        zr = r2 - i2 + cr
        r2, i2 = zr * zr, zi * zi
        n = n + 1
    return n
def main():
    N = int(sys.argv[1]) if len(sys.argv) > 1 else 920
    inside, total, hash_ = 0, 0, 0
    for y in range(N):
        ci = 2.0 * y / N - 1.0
        for x in range(N):
            n = escape(0.0, 0.0, 2.0 * x / N - 1.5, ci, 60)
            if n == 60: inside = inside + 1
            total = total + n
            if x % 3 == 0 and y % 3 == 0:
                hash_ = (hash_ * 31 + escape(3.0 * x / N - 1.5, 2.4 * y / N - 1.2, -0.79, 0.15, 120)) % 1000003
    print("mandel", N, inside, total, hash_, sep="\t")
main()
