//! Lexing, parsing and resolving.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perilune_frontend::{Options, parse, resolve};

/// Statements of most kinds, about 90 kB.
fn statements() -> Vec<u8> {
    let mut text = String::from("local insert, floor <const> = table.insert, math.floor\n");
    for i in 0..150 {
        write!(
            text,
            "do local function f(a, b, ...)
  -- a comment, as long as comments are
  local t = {{x = {i}, [a] = 'text {i}', 0x1p4, 1.5e-3, ...}}
  for k, v in pairs(t) do
    if k ~= b and (v == nil or not a) then insert(t, k .. \"\\n\" .. v) elseif #t > {i} then break end
  end
  for j = 1, #t do t[j] = (t[j] + j * 2 ^ {i} // 3) % 7 << 1 & 0xff end
  while a do a = a.next; goto continue ::continue:: end
  repeat local done = t:method(a, {{}}, function(x, ...) return x + {i}, ... end) until done
  return floor(t.x), [[a long
string]]
end f() end\n"
        )
        .expect("a string");
    }
    text.into_bytes()
}

/// One table of literals, on which the parser has little to do: the lexer's speed.
fn literals() -> Vec<u8> {
    let mut text = String::from("return {\n");
    for i in 0..3000 {
        writeln!(
            text,
            "{i}, 0x{i:x}, {i}.5e2, 'string number {i}', nil, true, -- comment {i}"
        )
        .expect("a string");
    }
    text.push_str("}\n");
    text.into_bytes()
}

fn parsing(c: &mut Criterion) {
    let options = Options::default();
    let mut group = c.benchmark_group("frontend");
    for (name, source) in [("statements", statements()), ("literals", literals())] {
        let parsed = parse(&source, &options);
        assert_eq!(parsed.errors, []);
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_function(format!("parse/{name}"), |b| {
            b.iter(|| parse(black_box(&source), &options))
        });
        group.bench_function(format!("resolve/{name}"), |b| {
            b.iter(|| resolve(black_box(&parsed.chunk)))
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = parsing }
criterion_main!(benches);
