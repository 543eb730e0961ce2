# allocation of many small lists and records: short-lived binary trees beside a long-lived one
import sys
def make(d):
    if d == 0: return []
    return [make(d - 1), make(d - 1)]
def count(t):
    if not t: return 1
    return 1 + count(t[0]) + count(t[1])
def record(d, k):
    if d == 0: return {"key": k, "left": None, "right": None}
    return {"key": k, "left": record(d - 1, 2 * k), "right": record(d - 1, 2 * k + 1)}
def total_of(t):
    if t is None: return 0
    return t["key"] % 7 + total_of(t["left"]) + total_of(t["right"])
def main():
    depth = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    keep = make(depth)
    total, trees = 0, 0
    for d in range(4, depth + 1, 2):
        for _ in range(2 ** (depth - d + 4)):
            total = total + count(make(d))
            trees = trees + 1
    s = 0
    for i in range(1, 41): s = s + total_of(record(10, i))
    print("bintrees", depth, "%d %d %d %d" % (trees, total, count(keep), s), sep="\t")
main()
