# plain recursion
import sys
sys.setrecursionlimit(10000)
N = int(sys.argv[1]) if len(sys.argv) > 1 else 35
def outer():
    def fib(n):
        if n < 2: return n
        return fib(n - 1) + fib(n - 2)
    return fib
def gfib(n):
    if n < 2: return n
    return gfib(n - 1) + gfib(n - 2)
print("fib", N, "%d %d" % (outer()(N), gfib(N - 2)), sep="\t")
