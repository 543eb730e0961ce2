//! Unit tests: SSA construction, the verifier, the text form, analyses, size limits, random functions.

use crate::opt::{self, Level};
use crate::*;
use perilune_luagen::seeded::{Cases, budget};
use std::time::{Duration, Instant};

fn parse(text: &str) -> Function {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn errors(text: &str) -> Vec<VerifyError> {
    verify(&parse(text)).expect_err("the function is ill-formed").0
}

#[test]
fn random_functions_keep_the_laws() {
    let cases = Cases::of("functions through the passes");
    arbtest::arbtest(|u| {
        cases.next();
        fuzzing::check(u.arbitrary()?);
        Ok(())
    })
    .budget_ms(budget(2000))
    .size_min(64)
    .size_max(4096);
}

#[test]
fn variables_of_a_loop_become_parameters_and_others_do_not() {
    let mut func = Function::new("loop");
    let mut b = FunctionBuilder::new(&mut func);
    let [x, y] = [0, 1].map(Variable::from_u32);
    let (entry, head, body, exit) = (b.create_block(), b.create_block(), b.create_block(), b.create_block());
    let param = b.block_param(entry);
    b.seal_block(entry);
    b.switch_to(entry);
    b.write_variable(x, param);
    let one = b.int(1);
    b.write_variable(y, one);
    b.jump(head, &[]);
    b.switch_to(head);
    let cond = b.read_variable(x);
    b.branch(cond, (body, &[]), (exit, &[]));
    b.seal_block(body);
    b.switch_to(body);
    let (old, addend) = (b.read_variable(x), b.read_variable(y));
    let new = b.binary(BinOp::Add, old, addend);
    b.write_variable(x, new);
    b.jump(head, &[]);
    b.seal_block(head);
    b.seal_block(exit);
    b.switch_to(exit);
    let (last, constant) = (b.read_variable(x), b.read_variable(y));
    b.ret(&[last, constant]);
    b.finish();
    verify(&func).unwrap();
    assert_eq!(func.params(head).len(), 1, "{func}");
    let ret = func.terminator(exit).unwrap();
    assert_eq!(func.args(ret), [func.params(head)[0], one], "{func}");
}

#[test]
fn a_variable_never_written_is_nil() {
    let mut func = Function::new("");
    let mut b = FunctionBuilder::new(&mut func);
    let entry = b.create_block();
    b.seal_block(entry);
    b.switch_to(entry);
    let value = b.read_variable(Variable::from_u32(7));
    b.ret(&[value]);
    b.finish();
    verify(&func).unwrap();
    assert_eq!(func.constant(value), Some(Constant::Nil));
}

#[test]
fn a_ring_of_unreachable_blocks_is_left_by_reads() {
    let mut func = Function::new("");
    let mut b = FunctionBuilder::new(&mut func);
    let (entry, one, two, tail) = (b.create_block(), b.create_block(), b.create_block(), b.create_block());
    b.switch_to(entry);
    b.ret(&[]);
    b.switch_to(one);
    b.jump(two, &[]);
    b.switch_to(two);
    let cond = b.nil();
    b.branch(cond, (one, &[]), (tail, &[]));
    for block in [entry, one, two, tail] {
        b.seal_block(block);
    }
    b.switch_to(tail);
    let value = b.read_variable(Variable::from_u32(0));
    b.ret(&[value]);
    b.finish();
    verify(&func).unwrap();
}

#[test]
fn sealing_twice_is_harmless_and_a_late_edge_panics() {
    let result = std::panic::catch_unwind(|| {
        let mut func = Function::new("");
        let mut b = FunctionBuilder::new(&mut func);
        let (entry, next) = (b.create_block(), b.create_block());
        b.seal_block(next);
        b.seal_block(next);
        b.switch_to(entry);
        b.jump(next, &[]);
    });
    let message = *result
        .expect_err("an edge to a sealed block")
        .downcast::<String>()
        .unwrap();
    assert_eq!(message, "b1 is sealed and cannot get another predecessor");
}

#[test]
fn the_verifier_finds_each_fault() {
    use VerifyError::*;
    let i = Inst::from_u32;
    let v = Value::from_u32;
    let cases: &[(&str, VerifyError)] = &[
        ("function \"\" {}", NoEntry),
        (
            "function \"\" { b0: jump b0 }",
            EntryHasPredecessor {
                pred: Block::from_u32(0),
            },
        ),
        (
            "function \"\" { b0: v0 = nil }",
            NoTerminator {
                block: Block::from_u32(0),
            },
        ),
        ("function \"\" { b0: return\n return }", EarlyTerminator { inst: i(0) }),
        (
            "function \"\" { b0: jump b1\n b1(v0): return }",
            EdgeArgCount {
                edge: EdgeRef { inst: i(0), succ: 0 },
                wanted: 1,
                found: 0,
            },
        ),
        (
            "function \"\" { b0(v0): jump b1(v0)\n b1(v1: cell): return }",
            EdgeArgKind {
                edge: EdgeRef { inst: i(0), succ: 0 },
                position: 0,
            },
        ),
        (
            "function \"\" { b0: v0 = vararg_open\n jump b1(v0)\n b1(v1: open): return }",
            OpenParam {
                block: Block::from_u32(1),
                param: v(1),
            },
        ),
        ("function \"\" { b0(v0: cell): return }", EntryParamKind { param: v(0) }),
        (
            "function \"\" { b0: v1 = not v0\n v0 = nil\n return }",
            NotDominated {
                inst: i(0),
                value: v(0),
            },
        ),
        (
            "function \"\" { b0(v0): branch v0, b1, b2\n b1: v1 = nil\n jump b2\n b2: return v1 }",
            NotDominated {
                inst: i(3),
                value: v(1),
            },
        ),
        (
            "function \"\" { b0(v0): v1 = add v0\n return }",
            OperandCount { inst: i(0), found: 1 },
        ),
        (
            "function \"\" { b0(v0): not v0\n return }",
            ResultCount { inst: i(0), found: 0 },
        ),
        (
            "function \"\" { b0(v0): v1 = get_cell v0\n return }",
            OperandKind {
                inst: i(0),
                position: 0,
            },
        ),
        (
            "function \"\" { b0: v0 = vararg_open\n v1 = nil\n return v0 }",
            OpenNotConsumed { inst: i(0) },
        ),
        (
            "function \"\" { b0: v0 = vararg_open\n return v0, v0 }",
            OperandKind {
                inst: i(1),
                position: 0,
            },
        ),
        (
            "function \"\" { b0(v0): v1, v2 = self_field \"m\", v0\n return v1 }",
            SelfFieldUse { inst: i(0) },
        ),
        (
            "function \"\" { b0: v0 = get_upvalue u0\n return }",
            UnknownEntity { inst: i(0) },
        ),
        (
            "function \"\" { b0(v0): tbc s0, v0\n tbc s0, v0\n return }",
            ScopeOpenedTwice {
                inst: i(1),
                scope: Scope::from_u32(0),
            },
        ),
        (
            "function \"\" { b0: close s0\n return }",
            ScopeNotOpen {
                inst: i(0),
                scope: Scope::from_u32(0),
            },
        ),
        (
            "function \"\" { b0(v0): v1, v2, v3 = for_prep v0, v0, v0, b1, b2\n b1: return v1\n b2: return v2 }",
            NotDominated {
                inst: i(2),
                value: v(2),
            },
        ),
    ];
    for (text, error) in cases {
        assert_eq!(errors(text), std::slice::from_ref(error), "{text}");
    }
}

#[test]
fn the_parser_says_where_it_stops() {
    let cases = [
        (
            "function \"f\" {\nb0:\n  v0 = frob\n}",
            "line 3: expected an instruction, found 'frob'",
        ),
        ("function \"f\" {\nb0:\n  return v1\n}", "line 3: v1 is not defined"),
        ("function \"f\" {\nb0:\n  jump b1\n}", "line 3: b1 is not defined"),
        (
            "function \"f\" {\nb0:\n  jump\n}",
            "line 3: expected 1 successors, found 0",
        ),
        (
            "function \"f\" {\nb0:\n  v0 = nil\n  v0 = nil\n}",
            "line 4: v0 is defined twice",
        ),
        ("function \"f\" {\nb0:", "line 2: expected '}', found the end"),
        ("function \"f", "line 1: expected a string, found '\"f'"),
        ("function \"\\q\" {}", "line 1: unknown escape in a string"),
        (
            "function \"\" { b0: v0 = int 99999999999999999999 }",
            "line 1: expected a number, found '99999999999999999999'",
        ),
        (
            "function \"\" { b4294967295: return } x",
            "line 1: expected the end, found 'x'",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(text.parse::<Function>().expect_err(text).to_string(), message);
    }
}

#[test]
fn modules_print_and_parse() {
    let text = "function \"a\" lines 1..2 {\nb0():\n  return\n}\n\nfunction \"b\" vararg {\nb0():\n  return\n}\n";
    let module: Module = text.parse().unwrap();
    assert_eq!(module.functions.len(), 2);
    assert_eq!(module.to_string(), text);
    assert_eq!(module.get(FuncRef::from_u32(1)).unwrap().name, b"b");
}

#[test]
fn floats_keep_their_bits_in_text() {
    for bits in [
        0,
        1 << 63,
        0x7ff8_0000_0000_0000,
        0xfff8_0000_0000_0001,
        0x7ff0 << 48,
        0xfff0 << 48,
        1,
        0x3ff8 << 48,
    ] {
        let mut func = Function::new("");
        let mut b = FunctionBuilder::new(&mut func);
        let entry = b.create_block();
        b.switch_to(entry);
        let value = b.float(f64::from_bits(bits));
        b.ret(&[value]);
        let again = parse(&func.to_string());
        assert_eq!(func, again);
        let inst = again.insts(again.entry())[0];
        assert!(matches!(again.op(inst), Op::Float(found) if found.0 == bits), "{func}");
    }
}

#[test]
fn functions_differ_in_what_counts() {
    let base = "function \"f\" { u0 = upvalue regular \"e\"\n b0(v0): v1 = get_global u0, \"g\" @1:2\n v2 = call v1, v0 names(0 global \"g\")\n return v2 }";
    let changes = [
        ("\"f\"", "\"g\""),
        ("regular", "const"),
        ("\"g\" @1:2", "\"h\" @1:2"),
        ("@1:2", "@1:3"),
        ("call v1, v0", "call v0, v0"),
        ("names(0 global", "names(0 local"),
        ("return v2", "return"),
        ("return v2", "return v1"),
    ];
    assert_eq!(parse(base), parse(&base.replace("v2", "v77")));
    for (from, to) in changes {
        assert_ne!(parse(base), parse(&base.replacen(from, to, 1)), "{from} -> {to}");
    }
}

#[test]
fn dominators_agree_with_their_definition() {
    arbtest::arbtest(|u| {
        let mut func = Function::new("");
        let count = u.int_in_range(2..=12)?;
        let blocks: Vec<Block> = (0..count).map(|_| func.create_block()).collect();
        for &block in &blocks {
            let (a, b) = (*u.choose(&blocks[1..])?, *u.choose(&blocks[1..])?);
            let mut builder = FunctionBuilder::new(&mut func);
            builder.switch_to(block);
            let cond = builder.nil();
            builder.branch(cond, (a, &[]), (b, &[]));
        }
        let cfg = Cfg::new(&func);
        let dominators = Dominators::new(&func, &cfg);
        for &a in &blocks {
            let without = reachable_without(&func, a);
            for &b in &blocks {
                let expected = cfg.is_reachable(a) && cfg.is_reachable(b) && !without[b.index()];
                assert_eq!(dominators.dominates(a, b), expected, "{a} {b}\n{func}");
            }
        }
        let loops = Loops::new(&func, &cfg, &dominators);
        for &block in cfg.rpo() {
            assert_eq!(
                loops.depth(block),
                natural_loops_around(&func, &cfg, &dominators, block),
                "{block}\n{func}"
            );
        }
        Ok(())
    })
    .budget_ms(budget(500))
    .size_min(64);
}

fn reachable_without(func: &Function, removed: Block) -> Vec<bool> {
    let mut seen = vec![false; func.block_bound()];
    let mut stack = vec![func.entry()];
    while let Some(block) = stack.pop() {
        if block != removed && !std::mem::replace(&mut seen[block.index()], true) {
            stack.extend(func.successors(block));
        }
    }
    seen
}

fn natural_loops_around(func: &Function, cfg: &Cfg, dominators: &Dominators, block: Block) -> u32 {
    let mut count = 0;
    for &header in cfg.rpo() {
        let mut inside = vec![false; func.block_bound()];
        let mut stack: Vec<Block> = cfg
            .preds(header)
            .iter()
            .map(|&(pred, _)| pred)
            .filter(|&pred| dominators.dominates(header, pred))
            .collect();
        let is_loop = !stack.is_empty();
        inside[header.index()] = is_loop;
        while let Some(block) = stack.pop() {
            if !std::mem::replace(&mut inside[block.index()], true) {
                stack.extend(
                    cfg.preds(block)
                        .iter()
                        .map(|&(pred, _)| pred)
                        .filter(|&pred| cfg.is_reachable(pred)),
                );
            }
        }
        count += u32::from(inside[block.index()]);
    }
    count
}

#[test]
fn loop_counters_are_integers() {
    let func = parse(
        "function \"\" {
        b0(v0):
          v1 = int 1
          v2, v3, v4 = for_prep v1, v0, v1, b1(v2, v3, v1), b2(v1)
        b1(v5, v6, v7):
          v8 = add v7, v5
          v9, v10 = for_loop v5, v6, v4, b1(v9, v10, v8), b2(v8)
        b2(v11):
          return v11
        }",
    );
    verify(&func).unwrap();
    let types = Types::new(&func);
    for block in func.blocks().skip(1) {
        for &param in func.params(block) {
            assert_eq!(types.get(param), Type::INT, "{param}\n{func}");
        }
    }
}

#[test]
fn effects_shrink_with_types() {
    let func = parse(
        "function \"\" { b0(v0):
          v1 = int 1
          v2 = int 0
          v3 = float 1.5
          v4 = add v1, v3
          v5 = add v0, v1
          v6 = idiv v1, v2
          v7 = idiv v2, v1
          v8 = idiv v3, v2
          v9 = band v1, v3
          v10 = eq v0, v1
          v11 = eq v0, v0
          v12 = lt v1, v3
          v13 = lt v1, v0
          v14 = concat v1, v3
          return }",
    );
    let types = Types::new(&func);
    let found: Vec<String> = func.insts(func.entry())[3..14]
        .iter()
        .map(|&inst| format!("{:?}", types.effects(&func, inst)))
        .collect();
    let any = "raise|call|read|write|alloc";
    assert_eq!(
        found,
        [
            "pure",
            any,
            "raise",
            "pure",
            "pure",
            "raise",
            "pure",
            any,
            "pure",
            any,
            "raise|alloc"
        ]
    );
}

/// A function of about `count` instructions: a chain of conditionals over eight variables in a loop.
fn large_function(count: usize) -> Function {
    let mut func = Function::new("large");
    let env = func.add_upvalue(b"_ENV", UpvalueKind::Regular);
    let mut b = FunctionBuilder::new(&mut func);
    let variables: Vec<Variable> = (0..8).map(Variable::from_u32).collect();
    let (entry, head) = (b.create_block(), b.create_block());
    b.seal_block(entry);
    b.switch_to(entry);
    for &variable in &variables {
        let value = b.get_global(env, b"x");
        b.write_variable(variable, value);
    }
    b.jump(head, &[]);
    b.switch_to(head);
    for at in 0..count / 10 {
        let x = b.read_variable(variables[at % 8]);
        let y = b.read_variable(variables[(at * 5 + 3) % 8]);
        let one = b.int(at as i64);
        let sum = b.binary(BinOp::Add, x, one);
        let less = b.compare(CmpOp::Lt, sum, y);
        let (then, other, join) = (b.create_block(), b.create_block(), b.create_block());
        b.branch(less, (then, &[]), (other, &[]));
        b.seal_block(then);
        b.switch_to(then);
        b.write_variable(variables[at % 8], sum);
        b.jump(join, &[]);
        b.seal_block(other);
        b.switch_to(other);
        let two = b.int(2);
        let three = b.binary(BinOp::Mul, two, two);
        b.write_variable(variables[(at + 1) % 8], three);
        b.jump(join, &[]);
        b.seal_block(join);
        b.switch_to(join);
    }
    let exit = b.create_block();
    let cond = b.read_variable(variables[0]);
    b.branch(cond, (head, &[]), (exit, &[]));
    b.seal_block(head);
    b.seal_block(exit);
    b.switch_to(exit);
    let results: Vec<Value> = variables.iter().map(|&variable| b.read_variable(variable)).collect();
    b.ret(&results);
    b.finish();
    func
}

fn assert_fast(what: &str, limit: Duration, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    let took = start.elapsed();
    assert!(took < limit, "{what} took {took:?}");
}

/// The bounds are several times what is usual, so that a loaded machine passes; quadratic time does not.
#[test]
fn a_function_of_100_000_instructions_takes_little_time() {
    let mut func = Function::new("");
    assert_fast("building", Duration::from_secs(2), || func = large_function(100_000));
    assert_fast("verifying", Duration::from_secs(2), || verify(&func).unwrap());
    for &pass in opt::pipeline(Level::O1) {
        assert_fast(pass.name(), Duration::from_secs(2), || pass.run(&mut func));
    }
    verify(&func).unwrap();
    assert_fast("splitting", Duration::from_secs(2), || {
        opt::split_critical_edges(&mut func)
    });
    assert_fast("printing and parsing", Duration::from_secs(4), || {
        assert_eq!(parse(&func.to_string()), func)
    });
}

#[test]
fn a_ladder_of_100_000_conditions_takes_little_time() {
    let mut func = Function::new("ladder");
    let mut b = FunctionBuilder::new(&mut func);
    let x = Variable::from_u32(0);
    let (entry, end) = (b.create_block(), b.create_block());
    let param = b.block_param(entry);
    b.seal_block(entry);
    b.switch_to(entry);
    b.write_variable(x, param);
    for _ in 0..100_000 {
        let next = b.create_block();
        let cond = b.read_variable(x);
        b.branch(cond, (next, &[]), (end, &[]));
        b.seal_block(next);
        b.switch_to(next);
    }
    b.jump(end, &[]);
    b.seal_block(end);
    b.switch_to(end);
    let result = b.read_variable(x);
    b.ret(&[result]);
    b.finish();
    assert_fast("verifying", Duration::from_secs(2), || verify(&func).unwrap());
    assert_fast("the passes", Duration::from_secs(10), || {
        opt::run(&mut func, Level::O1, |_, _| {})
    });
    // The parameter reaches the end unchanged, so no block needs one.
    assert_eq!(func.blocks().map(|block| func.params(block).len()).sum::<usize>(), 1);
}

#[test]
fn the_observer_sees_each_pass() {
    let mut func = parse("function \"\" { b0: return }");
    let mut seen = Vec::new();
    opt::run(&mut func, Level::O1, |pass, _| seen.push(pass));
    assert_eq!(seen, opt::pipeline(Level::O1));
    for pass in opt::Pass::ALL {
        assert_eq!(opt::Pass::from_name(pass.name()), Some(pass));
    }
    opt::run(&mut func, Level::O0, |pass, _| panic!("{pass} ran at O0"));
}

fn all_operations() -> Vec<Op> {
    let (upvalue, string, scope, local) = (
        Upvalue::from_u32(0),
        StrId::from_u32(0),
        Scope::from_u32(0),
        Local::from_u32(0),
    );
    let mut func = Function::new("");
    let (captures, _) = func.add_captures(&[]);
    let mut ops = vec![
        Op::Nil,
        Op::True,
        Op::False,
        Op::Int(0),
        Op::Float(FloatBits(0)),
        Op::Str(string),
        Op::Copy,
        Op::Concat,
        Op::GetUpvalue(upvalue),
        Op::SetUpvalue(upvalue),
        Op::NewCell,
        Op::GetCell,
        Op::SetCell,
        Op::Closure {
            func: FuncRef::from_u32(0),
            captures,
        },
        Op::NewTable { array: 0, record: 0 },
        Op::GetIndex,
        Op::SetIndex,
        Op::GetGlobal {
            env: upvalue,
            key: string,
        },
        Op::SetGlobal {
            env: upvalue,
            key: string,
        },
        Op::SetList { start: 1 },
        Op::SelfField(string),
        Op::Call,
        Op::CallOpen,
        Op::Vararg,
        Op::VarargOpen,
        Op::VarargTable,
        Op::GetVararg,
        Op::VarargFrom,
        Op::VarargFromOpen,
        Op::ForCall,
        Op::Tbc(scope),
        Op::Close(scope),
        Op::CheckGlobal(string),
        Op::LocalStart(local),
        Op::LocalEnd(local),
        Op::Jump,
        Op::Branch,
        Op::BranchNil,
        Op::ForPrep,
        Op::ForLoop,
        Op::Return,
        Op::TailCall,
    ];
    ops.extend(UnOp::ALL.iter().copied().map(Op::Unary));
    ops.extend(BinOp::ALL.iter().copied().map(Op::Binary));
    ops.extend(CmpOp::ALL.iter().copied().map(Op::Compare));
    ops
}

#[test]
fn the_instruction_table_of_the_docs_is_right() {
    let docs = include_str!("../../../docs/ir.md");
    let rows: Vec<Vec<String>> = docs
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            line.replace("\\|", "/")
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    for op in all_operations() {
        let name = text::mnemonic(&op);
        let row = rows
            .iter()
            .find(|row| row[1].trim_matches('`').split(' ').next() == Some(name) && row.len() == 6)
            .unwrap_or_else(|| panic!("docs/ir.md has a row for {name}"));
        let results = match (op.result_count(), op.result_kind()) {
            (_, ValueKind::Open) => "open".to_owned(),
            (Some(count), _) => count.to_string(),
            (None, _) => "n".to_owned(),
        };
        assert_eq!(row[2], results, "{name}");
        assert_eq!(row[3], format!("{:?}", op.effects()).replace('|', "/"), "{name}");
    }
    let passes: Vec<&str> = rows
        .iter()
        .filter(|row| row.len() == 4)
        .map(|row| row[1].trim_matches('`'))
        .collect();
    for pass in opt::Pass::ALL {
        assert!(passes.contains(&pass.name()), "docs/ir.md has a row for {pass}");
    }
}

#[test]
fn reads_through_a_long_chain_of_blocks_take_little_time() {
    let mut func = Function::new("chain");
    assert_fast("building", Duration::from_secs(2), || {
        let mut b = FunctionBuilder::new(&mut func);
        let variables: Vec<Variable> = (0..8).map(Variable::from_u32).collect();
        let mut block = b.create_block();
        b.seal_block(block);
        b.switch_to(block);
        for &variable in &variables {
            let value = b.int(1);
            b.write_variable(variable, value);
        }
        // `if` and `elseif`: each arm reads from the far end of a chain of conditions.
        for at in 0..50_000 {
            let (arm, next) = (b.create_block(), b.create_block());
            let cond = b.bool(true);
            b.branch(cond, (arm, &[]), (next, &[]));
            b.seal_block(arm);
            b.switch_to(arm);
            let value = b.read_variable(variables[at % 8]);
            b.ret(&[value]);
            b.seal_block(next);
            b.switch_to(next);
            block = next;
        }
        assert_eq!(b.current_block(), Some(block));
        b.ret(&[]);
        b.finish();
    });
    verify(&func).unwrap();
    assert!(func.blocks().all(|block| func.params(block).is_empty()));
}
