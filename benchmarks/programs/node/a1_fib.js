// plain recursion
const N = Number(process.argv[2] ?? 35);
function outer() {
  function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  return fib;
}
function gfib(n) { return n < 2 ? n : gfib(n - 1) + gfib(n - 2); }
console.log(["fib", N, `${outer()(N)} ${gfib(N - 2)}`].join("\t"));
