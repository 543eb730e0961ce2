//! A small Lisp on the safe heap: `cargo run --example lisp` runs its script, `-- '(+ 1 2)'` yours.
#![forbid(unsafe_code)]

use std::fmt;

use perilune_gc::{Gc, Heap, Mutation, RefLock, Rootable, traced};

traced! {
    #[derive(Clone, Copy)]
    enum Value<'gc> {
        Nil,
        Int(i64),
        Symbol(Gc<'gc, String>),
        Pair(Gc<'gc, Pair<'gc>>),
        Lambda(Gc<'gc, Lambda<'gc>>),
    }

    struct Pair<'gc> {
        car: Value<'gc>,
        cdr: Value<'gc>,
    }

    struct Lambda<'gc> {
        params: Value<'gc>,
        body: Value<'gc>,
        scope: Scope<'gc>,
    }

    struct Frame<'gc> {
        names: Vec<(String, Value<'gc>)>,
        outer: Option<Scope<'gc>>,
    }
}

type Scope<'gc> = Gc<'gc, RefLock<Frame<'gc>>>;
type Outcome<'gc> = Result<Value<'gc>, String>;

struct Lisp;
impl Rootable for Lisp {
    type Root<'gc> = Scope<'gc>;
}

/// Expressions nest this deep at most.
const DEPTH: u32 = 200;

fn main() {
    let script = std::env::args().nth(1).unwrap_or_else(|| {
        "(def fib (fn (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))
         (fib 20)
         (def compose (fn (f g) (fn (x) (f (g x)))))
         ((compose (fn (x) (* x x)) (fn (x) (+ x 1))) 6)
         (def range (fn (from to) (if (< from to) (cons from (range (+ from 1) to)) ())))
         (range 0 10)
         (car (quote (a b c)))"
            .into()
    });
    let mut heap = Heap::<Lisp>::new(|mc| {
        Gc::new(
            mc,
            RefLock::new(Frame {
                names: Vec::new(),
                outer: None,
            }),
        )
    });
    let mut rest = script.as_str();
    // One expression per call of `mutate`: collections happen in between.
    while !rest.trim().is_empty() {
        let outcome = heap.mutate(|mc, scope| {
            let value = read(mc, &mut rest, 0).and_then(|expr| eval(mc, *scope, expr, 0));
            value.map(|value| value.to_string())
        });
        match outcome {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("error: {error}");
                std::process::exit(1);
            }
        }
    }
    heap.collect();
    let stats = heap.stats();
    println!(
        "; {} objects live, {} freed, {} bytes allocated, {} collections",
        stats.live_objects, stats.freed_objects, stats.allocated_total, stats.collections
    );
}

/// Reads one expression off the front of `text`.
fn read<'gc>(mc: &Mutation<'gc>, text: &mut &str, depth: u32) -> Outcome<'gc> {
    if depth > DEPTH {
        return Err("nested too deep".into());
    }
    *text = text.trim_start();
    if let Some(rest) = text.strip_prefix('(') {
        *text = rest;
        let mut items = Vec::new();
        loop {
            *text = text.trim_start();
            if let Some(rest) = text.strip_prefix(')') {
                *text = rest;
                break;
            }
            items.push(read(mc, text, depth + 1)?);
        }
        return Ok(items.into_iter().rev().fold(Value::Nil, |cdr, car| cons(mc, car, cdr)));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '(' || c == ')')
        .unwrap_or(text.len());
    if end == 0 {
        return Err(if text.is_empty() {
            "unfinished list".into()
        } else {
            "unexpected )".into()
        });
    }
    let (word, rest) = text.split_at(end);
    *text = rest;
    Ok(match word.parse() {
        Ok(int) => Value::Int(int),
        Err(_) => Value::Symbol(Gc::new(mc, word.into())),
    })
}

fn eval<'gc>(mc: &Mutation<'gc>, scope: Scope<'gc>, expr: Value<'gc>, depth: u32) -> Outcome<'gc> {
    if depth > DEPTH {
        return Err("too much recursion".into());
    }
    let call = match expr {
        Value::Symbol(name) => return lookup(scope, &name),
        Value::Pair(call) => call,
        other => return Ok(other),
    };
    let Value::Symbol(name) = call.car else {
        let callee = eval(mc, scope, call.car, depth + 1)?;
        return apply(mc, scope, callee, call.cdr, depth);
    };
    let arg = |index: usize| {
        list(call.cdr)
            .get(index)
            .copied()
            .ok_or_else(|| format!("{name}: too few operands"))
    };
    let value = |index| eval(mc, scope, arg(index)?, depth + 1);
    let int = |index| match value(index)? {
        Value::Int(int) => Ok(int),
        other => Err(format!("{name}: {other} is no number")),
    };
    Ok(match name.as_str() {
        "quote" => arg(0)?,
        "if" if !matches!(value(0)?, Value::Nil) => value(1)?,
        "if" => value(2)?,
        "fn" => Value::Lambda(Gc::new(
            mc,
            Lambda {
                params: arg(0)?,
                body: arg(1)?,
                scope,
            },
        )),
        "def" => {
            let bound = value(1)?;
            scope.borrow_mut(mc).names.push((arg(0)?.to_string(), bound));
            bound
        }
        "cons" => cons(mc, value(0)?, value(1)?),
        "car" | "cdr" => match value(0)? {
            Value::Pair(pair) if name.as_str() == "car" => pair.car,
            Value::Pair(pair) => pair.cdr,
            other => return Err(format!("{name}: {other} is no pair")),
        },
        "+" => Value::Int(int(0)?.wrapping_add(int(1)?)),
        "-" => Value::Int(int(0)?.wrapping_sub(int(1)?)),
        "*" => Value::Int(int(0)?.wrapping_mul(int(1)?)),
        "<" if int(0)? < int(1)? => Value::Int(1),
        "<" => Value::Nil,
        _ => return apply(mc, scope, lookup(scope, &name)?, call.cdr, depth),
    })
}

fn apply<'gc>(mc: &Mutation<'gc>, scope: Scope<'gc>, callee: Value<'gc>, args: Value<'gc>, depth: u32) -> Outcome<'gc> {
    let Value::Lambda(lambda) = callee else {
        return Err(format!("{callee} is no function"));
    };
    let (params, args) = (list(lambda.params), list(args));
    if params.len() != args.len() {
        return Err(format!("{} arguments for {} parameters", args.len(), params.len()));
    }
    let mut names = Vec::new();
    for (param, arg) in params.into_iter().zip(args) {
        names.push((param.to_string(), eval(mc, scope, arg, depth + 1)?));
    }
    let frame = Gc::new(
        mc,
        RefLock::new(Frame {
            names,
            outer: Some(lambda.scope),
        }),
    );
    eval(mc, frame, lambda.body, depth + 1)
}

fn lookup<'gc>(scope: Scope<'gc>, name: &str) -> Outcome<'gc> {
    let mut next = Some(scope);
    while let Some(scope) = next {
        let frame = scope.borrow();
        if let Some((_, value)) = frame.names.iter().rev().find(|(n, _)| n == name) {
            return Ok(*value);
        }
        next = frame.outer;
    }
    Err(format!("{name} is not defined"))
}

fn cons<'gc>(mc: &Mutation<'gc>, car: Value<'gc>, cdr: Value<'gc>) -> Value<'gc> {
    Value::Pair(Gc::new(mc, Pair { car, cdr }))
}

/// The items of a list.
fn list(mut value: Value<'_>) -> Vec<Value<'_>> {
    let mut items = Vec::new();
    while let Value::Pair(pair) = value {
        items.push(pair.car);
        value = pair.cdr;
    }
    items
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("()"),
            Value::Int(int) => int.fmt(f),
            Value::Symbol(name) => f.write_str(name),
            Value::Lambda(lambda) => write!(f, "<fn {}>", lambda.params),
            Value::Pair(pair) => {
                write!(f, "({}", pair.car)?;
                let mut rest = pair.cdr;
                while let Value::Pair(pair) = rest {
                    write!(f, " {}", pair.car)?;
                    rest = pair.cdr;
                }
                if !matches!(rest, Value::Nil) {
                    write!(f, " . {rest}")?;
                }
                f.write_str(")")
            }
        }
    }
}
