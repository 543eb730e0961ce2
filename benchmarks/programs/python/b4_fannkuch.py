# pancake flips over all permutations, by Heap's method
import sys
def main():
    N = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    p, q, c = [0] * (N + 1), [0] * (N + 1), [0] * (N + 1)
    maxflips, checksum, sign, seen = 0, 0, 1, 0
    def flips():
        n = 0
        for i in range(1, N + 1): q[i] = p[i]
        first = q[1]
        while first != 1:
            i, j = 1, first
            while i < j:
                q[i], q[j] = q[j], q[i]
                i, j = i + 1, j - 1
            n = n + 1
            first = q[1]
        return n
    def visit():
        nonlocal maxflips, checksum, sign, seen
        f = flips()
        if f > maxflips: maxflips = f
        checksum = checksum + sign * f * (seen % 5 + 1)
        sign = -sign
        seen = seen + 1
    for _ in range(3):
        for i in range(1, N + 1): p[i], c[i] = i, 0
        visit()
        i = 1
        while i <= N:
            if c[i] < i - 1:
                if i % 2 == 1: p[1], p[i] = p[i], p[1]
                else: p[c[i] + 1], p[i] = p[i], p[c[i] + 1]
                visit()
                c[i] = c[i] + 1
                i = 1
            else:
                c[i] = 0
                i = i + 1
    print("fannkuch", N, seen, maxflips, checksum, sep="\t")
main()
