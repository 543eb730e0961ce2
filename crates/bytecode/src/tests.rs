//! Laws over all rows of the instruction table, and of each representation of a module.

mod rejects;
mod text;

use perilune_luagen::seeded::{Cases, budget};
use std::collections::BTreeSet;

use crate::*;

/// `for i = 1, 10 do f(i) end` over the globals, with every table filled.
fn sample() -> Module {
    let mut asm = Assembler::new("main", 0);
    asm.function_mut().vararg = true;
    let env = asm.upvalue(*b"_ENV", VariableKind::Regular);
    let f = asm.short_constant(Constant::str("f")).expect("a first constant");
    let (index, count, step) = (Reg(0), Reg(1), Reg(2));
    asm.line(1, 1);
    for (dst, value) in [(index, 1), (count, 10), (step, 1)] {
        asm.push(Op::LoadInt { dst, value: Imm(value) });
    }
    let (top, end) = (asm.label(), asm.label());
    asm.jump(
        Op::ForPrep {
            index,
            count,
            step,
            to: Jump32(0),
        },
        end,
    )
    .safepoint([0, 1, 2]);
    asm.bind(top);
    asm.line(2, 3);
    asm.push(Op::GetGlobal {
        dst: Reg(3),
        env,
        key: f,
        cache: Cache::EMPTY,
        holder: Cache::EMPTY,
    })
    .safepoint([0, 1, 2]);
    asm.push(Op::Move {
        dst: Reg(5),
        src: index,
    });
    asm.push(Op::Call0 {
        window: Reg(3),
        args: Count(1),
    })
    .safepoint([0, 1, 2])
    .name(0, NameKind::Global, *b"f");
    asm.line(1, 1);
    asm.jump(
        Op::ForLoop {
            index,
            count,
            step,
            to: Jump32(0),
        },
        top,
    );
    asm.bind(end);
    asm.local(*b"i", top, end, 0);
    asm.push(Op::Return0 {});
    asm.finish_module("@sample.lua")
}

/// An instance of each row with different numbers in its fields.
fn instances() -> Vec<Op> {
    let instance = |&opcode: &Opcode| {
        let fields = opcode
            .info()
            .fields
            .iter()
            .filter(|field| field.ty != FieldType::Cache)
            .enumerate();
        let fields: Vec<op::OwnedField> = fields
            .map(|(index, field)| match field.ty {
                FieldType::Captures => op::OwnedField::Captures(Captures(vec![
                    Capture::Register(Reg(4095)),
                    Capture::Upvalue(Upvalue(8191)),
                    Capture::Upvalue(Upvalue(0)),
                    Capture::Register(Reg(0)),
                ])),
                FieldType::Imm | FieldType::Jump16 | FieldType::Jump32 => op::OwnedField::Number(-3),
                _ => op::OwnedField::Number(index as i64 + 2),
            })
            .collect();
        op::from_fields(opcode, &fields).expect("the fields fit")
    };
    Opcode::ALL.iter().map(instance).collect()
}

#[test]
fn every_row_round_trips() {
    for op in instances() {
        let mut code = vec![7];
        op.encode(&mut code);
        assert_eq!(decode(&code, 1), Ok((op.clone(), code.len() - 1)));
        assert_eq!(op.words(), code.len() - 1, "{op}");
        assert_eq!(code[1] as u16, op.opcode() as u16);
        for cut in 1..code.len() {
            assert_eq!(
                decode(&code[..cut], 1),
                Err(DecodeError::Truncated { at: 1 }),
                "{op} cut at {cut}"
            );
        }
    }
}

#[test]
fn rows_are_named_and_described() {
    let mut names = BTreeSet::new();
    for &opcode in Opcode::ALL {
        let info = opcode.info();
        assert!(names.insert(info.name), "{} occurs twice", info.name);
        assert!(
            !info.name.ends_with('_') && !info.doc.trim().is_empty(),
            "{}",
            info.name
        );
        assert!(!info.doc.starts_with(' '), "{}", info.name);
        assert_eq!(Opcode::from_name(info.name), Some(opcode));
        assert_eq!(Opcode::from_u16(opcode as u16), Some(opcode));
        assert!(explain(opcode).starts_with(info.name));
    }
    assert_eq!(Opcode::from_u16(Opcode::COUNT as u16), None);
    assert_eq!(Opcode::Move.name(), "move");
}

#[test]
fn roles_agree_with_flags_and_types() {
    for &opcode in Opcode::ALL {
        let info = opcode.info();
        let has = |role| info.fields.iter().any(|field| field.role == role);
        assert_eq!(has(Role::Jump), opcode.flags().contains(Flags::BRANCH), "{opcode}");
        let may_collect = [Flags::MAY_CALL, Flags::MAY_ALLOC, Flags::MAY_RAISE];
        let may_collect = may_collect.iter().any(|flag| opcode.flags().contains(*flag));
        assert_eq!(may_collect, opcode.flags().contains(Flags::SAFEPOINT), "{opcode}");
        let counts = info.fields.iter().filter(|field| field.ty == FieldType::Count).count();
        let lists = [
            Role::UseRange,
            Role::DefRange,
            Role::UseCall,
            Role::UseDefCall,
            Role::DefCall,
        ];
        assert!(
            !lists.into_iter().any(has) || counts == 1,
            "{opcode}: a range or window has one count"
        );
        for field in info.fields {
            assert_eq!(
                usize::from(field.offset) % field.ty.size(),
                0,
                "{opcode} {}",
                field.name
            );
            assert!(
                usize::from(field.offset) + field.ty.size() <= 8 * opcode.words(),
                "{opcode} {}",
                field.name
            );
        }
    }
}

#[test]
fn fields_stand_where_their_offsets_say() {
    let op = Op::SetList {
        table: Reg(1),
        first: Reg(2),
        count: Count(3),
        start: Wide(4),
    };
    let mut code = Vec::new();
    op.encode(&mut code);
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    use op_fields::set_list;
    assert_eq!(bytes[set_list::table], 16);
    assert_eq!(bytes[set_list::first], 32);
    assert_eq!(bytes[set_list::count], 3);
    assert_eq!(bytes[set_list::start], 4);
    assert_eq!((set_list::start, set_list::WORDS), (8, 2));
    assert_eq!((op_fields::get_field::cache, op_fields::get_field::holder), (8, 16));
    assert_eq!(op_fields::closure::captures, 8);
}

#[test]
fn inverted_jumps_invert_back() {
    let mut inverted = 0;
    for op in instances() {
        if let Some(other) = op.clone().inverted() {
            assert_eq!(other.opcode().info().fields, op.opcode().info().fields);
            assert_ne!(other, op);
            assert_eq!(other.inverted(), Some(op));
            inverted += 1;
        }
    }
    let branches = Opcode::ALL
        .iter()
        .filter(|opcode| opcode.flags().contains(Flags::BRANCH))
        .count();
    assert_eq!(inverted, branches - 3, "all but `jump`, `for_prep` and `for_loop`");
}

#[test]
fn jumps_can_be_set() {
    for op in instances() {
        assert_eq!(
            op.clone().with_jump(9).and_then(|op| op.jump()),
            op.jump().map(|_| 9),
            "{op}"
        );
    }
    let op = Op::JumpLt {
        lhs: Reg(0),
        rhs: Reg(1),
        to: Jump16(0),
    };
    assert_eq!(op.with_jump(40_000), None);
}

#[test]
fn words_that_are_no_instruction_are_refused() {
    let code = |op: Op| {
        let mut code = Vec::new();
        op.encode(&mut code);
        code[0]
    };
    let load = code(Op::LoadInt {
        dst: Reg(1),
        value: Imm(2),
    });
    assert_eq!(
        decode(&[0xffff], 0),
        Err(DecodeError::UnknownOpcode { at: 0, code: 0xffff })
    );
    assert_eq!(decode(&[load | 1 << 48], 0), Err(DecodeError::Padding { at: 0 }));
    assert_eq!(
        decode(&[load | 1 << 16], 0),
        Err(DecodeError::Misaligned { at: 0, bits: 17 })
    );
    assert_eq!(decode(&[], 0), Err(DecodeError::Truncated { at: 0 }));
    // The gap before an aligned field is padding as well.
    assert_eq!(
        decode(&[code(Op::Jump { to: Jump32(1) }) | 1 << 16], 0),
        Err(DecodeError::Padding { at: 0 })
    );
}

#[test]
#[should_panic(expected = "cannot encode `load_nil`: register r4096 is past the reach")]
fn fields_past_their_reach_do_not_encode() {
    Op::LoadNil { dst: Reg(4096) }.encode(&mut Vec::new());
}

#[test]
fn visits_reads_then_the_clobber_then_writes() {
    let accesses = |op: Op| {
        let mut list = Vec::new();
        op.visit(&mut |_, access| list.push(access));
        list
    };
    let slots = |start, count| Slots { start, count };
    assert_eq!(
        accesses(Op::CallN {
            window: Reg(4),
            args: Count(3),
            results: ResultCount(2)
        }),
        [
            Access::UseWindow(slots(4, 1)),
            Access::UseWindow(slots(6, 3)),
            Access::Clobber(4),
            Access::Def(slots(4, 2))
        ]
    );
    assert_eq!(
        accesses(Op::Concat {
            dst: Reg(0),
            first: Reg(3),
            count: Count(2)
        }),
        [Access::Use(slots(3, 2)), Access::Def(slots(0, 1))]
    );
    let hint = Cache::EMPTY;
    let for_call = Op::ForCall {
        iterator: Reg(0),
        state: Reg(1),
        control: Reg(2),
        window: Reg(3),
        results: Count(1),
        hint,
    };
    assert_eq!(for_call.frame_extent(), 7);
    assert_eq!(
        accesses(for_call),
        [
            Access::Use(slots(0, 1)),
            Access::Use(slots(1, 1)),
            Access::Use(slots(2, 1)),
            Access::Clobber(3),
            Access::Def(slots(3, 1))
        ]
    );
}

#[test]
fn live_sets_are_sets() {
    let mut set = LiveSet::new();
    assert!(set.is_empty() && set.end() == 0);
    for slot in [200, 3, 64, 63] {
        set.insert(slot);
    }
    assert_eq!(set.iter().collect::<Vec<_>>(), [3, 63, 64, 200]);
    assert_eq!((set.len(), set.end()), (4, 201));
    assert!(set.contains(200) && !set.contains(199) && !set.contains(100_000));
    assert_eq!(set, [200, 3, 64, 63].into_iter().collect());
    assert_eq!(LiveSet::from_words(&[5, 0, 0]), [0, 2].into_iter().collect());
    assert_eq!(LiveSet::from_words(&[0, 0]), LiveSet::new());
}

#[test]
fn tables_are_found_by_place() {
    let module = sample();
    let main = module.main();
    let place = |word| main.line_at(word).map(|entry| (entry.line, entry.column));
    assert_eq!(
        (place(0), place(4), place(5), place(9)),
        (Some((1, 1)), Some((1, 1)), Some((2, 3)), Some((2, 3)))
    );
    assert_eq!(main.safepoint_at(3), Some(&[0, 1, 2].into_iter().collect()));
    assert_eq!(main.safepoint_at(4), None);
    assert_eq!(main.name_at(9, 0).map(|name| &name.name[..]), Some(&b"f"[..]));
    assert_eq!(main.name_at(9, 1), None);
    assert_eq!(main.locals_at(5).count(), 1);
    assert_eq!(main.locals_at(4).count(), 0);
}

#[test]
fn the_sample_verifies_and_survives_a_file() {
    let module = verify(sample()).expect("the sample is sound");
    assert_eq!(from_bytes(&to_bytes(&module, false)).as_ref(), Ok(&*module));
    let stripped = from_bytes(&to_bytes(&module, true)).expect("a stripped file is a file");
    assert!(stripped.functions[0].lines.is_empty() && stripped.name == b"=?");
    assert_eq!(stripped.functions[0].safepoints, module.functions[0].safepoints);
}

#[test]
fn files_are_checked_to_the_byte() {
    let file = to_bytes(&sample(), false);
    assert_eq!(file[0], 0x1B);
    for cut in 0..file.len() {
        let err = from_bytes(&file[..cut]).expect_err("a cut file is not whole");
        assert_eq!(err.kind, FileErrorKind::Truncated, "cut at {cut}");
        assert!(err.to_string().contains("truncated"));
    }
    let mut longer = file.clone();
    longer.push(0);
    let trailing = FileError {
        offset: file.len(),
        kind: FileErrorKind::TrailingBytes,
    };
    assert_eq!(from_bytes(&longer), Err(trailing));
    let mut newer = file.clone();
    newer[4] = 99;
    assert_eq!(
        from_bytes(&newer).map_err(|err| err.kind),
        Err(FileErrorKind::Version(99))
    );
    assert_eq!(
        from_bytes(b"return 1").map_err(|err| err.kind),
        Err(FileErrorKind::NotAModule)
    );
    let foreign = b"\x1bLua\x54\0";
    for cut in 0..5 {
        assert_eq!(
            from_bytes(&foreign[..cut]).map_err(|err| err.kind),
            Err(FileErrorKind::Truncated),
            "cut at {cut}"
        );
    }
    assert_eq!(
        from_bytes(foreign).map_err(|err| err.kind),
        Err(FileErrorKind::Version(0x54))
    );
    for mixed in [b"\x1bPua", b"\x1bLLC", b"\x1bLuC"] {
        assert_eq!(
            from_bytes(mixed).map_err(|err| err.kind),
            Err(FileErrorKind::NotAModule)
        );
    }
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] = damaged[at].wrapping_add(1);
        from_bytes(&damaged).expect_err("a changed byte is noticed");
    }
    // A count that promises more than follows must not reserve memory for it.
    let mut huge = file;
    let name = 22 + 4 + "@sample.lua".len();
    huge[name..name + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(from_bytes(&huge).map_err(|err| err.kind), Err(FileErrorKind::Corrupted));
    crate::file::seal(&mut huge);
    assert_eq!(from_bytes(&huge).map_err(|err| err.kind), Err(FileErrorKind::Truncated));
}

#[test]
fn a_string_stands_once_in_a_file() {
    let text = [b'x'; 100];
    let function = || Function {
        constants: vec![Constant::Nil, Constant::str(text), Constant::str("y")],
        ..Function::default()
    };
    let module = Module {
        name: b"@sample.lua".to_vec(),
        functions: vec![function(), function()],
    };
    let file = to_bytes(&module, false);
    assert_eq!(file.windows(100).filter(|window| **window == text).count(), 1);
    let read = from_bytes(&file).expect("it is whole");
    assert_eq!(read, module);
    let string = |function: usize| match &read.functions[function].constants[1] {
        Constant::Str(bytes) => bytes.clone(),
        other => panic!("{other:?} is no string"),
    };
    assert!(std::sync::Arc::ptr_eq(&string(0), &string(1)));
}

/// A change of the table changes what the words of a file mean, so the version must change with it.
#[test]
fn the_format_version_belongs_to_the_table() {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a
    for &opcode in Opcode::ALL {
        let row = format!("{opcode} {:?};", opcode.info().fields);
        for byte in row.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    assert_eq!(
        (FORMAT_VERSION, hash),
        (3, 16_212_401_737_799_378_469),
        "raise FORMAT_VERSION, add a row to its history, then correct this"
    );
}

#[test]
fn the_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/bytecode.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == reference(),
        "run `cargo run -p perilune-bytecode --example gen_docs -- --write`"
    );
}

#[test]
fn far_branches_become_an_inverted_branch_over_a_jump() {
    let mut asm = Assembler::new("far", 2);
    let (start, end) = (asm.here(), asm.label());
    let less = Op::JumpLt {
        lhs: Reg(0),
        rhs: Reg(1),
        to: Jump16(0),
    };
    asm.jump(less.clone(), end).safepoint([0, 1]);
    for _ in 0..32_768 {
        asm.push(Op::LoadNil { dst: Reg(2) });
    }
    asm.line(7, 1);
    asm.jump(less.clone(), start).safepoint([0, 1]);
    asm.bind(end);
    asm.push(Op::Return0 {});
    let module = verify(asm.finish_module("=far")).expect("both jumps arrive");
    let ops: Vec<_> = module.ops(FuncId::MAIN).collect();
    let inverse = Op::JumpNotLt {
        lhs: Reg(0),
        rhs: Reg(1),
        to: Jump16(1),
    };
    assert_eq!(ops[0], (0, inverse.clone()));
    assert_eq!(ops[1], (1, Op::Jump { to: Jump32(32_770) }));
    assert_eq!(ops[32_770], (32_770, inverse));
    assert_eq!(ops[32_771], (32_771, Op::Jump { to: Jump32(-32_772) }));
    assert_eq!(module.main().safepoints[1].at, 32_770);
    assert_eq!(module.main().lines[0].at, 32_770);

    let mut near = Assembler::new("near", 2);
    let end = near.label();
    near.jump(less, end).safepoint([0, 1]);
    for _ in 0..32_767 {
        near.push(Op::LoadNil { dst: Reg(2) });
    }
    near.bind(end);
    near.push(Op::Return0 {});
    let near = near.finish();
    assert_eq!(decode(&near.code, 0).map(|(op, _)| op.jump()), Ok(Some(32_767)));
}

#[test]
fn constants_are_shared_by_kind_and_bits() {
    let mut asm = Assembler::new("", 0);
    let numbers = [
        Constant::Int(0),
        Constant::Float(0.0),
        Constant::Float(-0.0),
        Constant::Int(0),
        Constant::Float(-0.0),
    ];
    let numbers: Vec<u32> = numbers.into_iter().map(|constant| asm.constant(constant)).collect();
    assert_eq!(numbers, [0, 1, 2, 0, 2]);
    for i in 0..5000 {
        asm.constant(Constant::Int(i));
    }
    assert_eq!(asm.short_constant(Constant::Int(4999)), None);
    assert_eq!(asm.short_constant(Constant::Float(0.0)), Some(Const(1)));
}

#[test]
fn a_subset_takes_what_its_root_reaches() {
    let text = "module \"m\"
function f0 \"a\"
  closure r0, f1, [] {live}
  closure r0, f2, [] {live}
  return_0
function f1 \"b\"
  return_0
function f2 \"c\"
  closure r0, f3, [] {live}
  return_0
function f3 \"d\"
  return_0";
    let module = verify(assemble(text).expect("the text is right")).expect("the module is sound");
    let subset = module.subset(FuncId(2)).expect("verified functions can be followed");
    let names: Vec<_> = subset
        .functions
        .iter()
        .map(|function| function.name.as_deref().expect("a name"))
        .collect();
    assert_eq!(names, [b"c", b"d"]);
    let (op, _) = decode(&subset.functions[0].code, 0).expect("the closure");
    assert!(matches!(op, Op::Closure { proto: Wide(1), .. }));
    verify(subset).expect("a part of a sound module is sound");
    assert_eq!(module.subset(FuncId(9)), Err(SubsetError::NoSuchFunction(FuncId(9))));
}

#[test]
fn long_functions_verify_in_linear_time() {
    // A hundred thousand statements with a branch in every tenth instruction, in loops three deep.
    let mut asm = Assembler::new("long", 3);
    let tops = [asm.here(), asm.here(), asm.here()];
    for _ in 0..20_000 {
        let skip = asm.label();
        asm.jump(
            Op::JumpIf {
                cond: Reg(0),
                to: Jump32(0),
            },
            skip,
        );
        for slot in 3..11 {
            asm.push(Op::Move {
                dst: Reg(slot),
                src: Reg(slot % 3),
            });
        }
        asm.bind(skip);
        asm.push(Op::Add {
            dst: Reg(0),
            lhs: Reg(1),
            rhs: Reg(2),
        })
        .safepoint([1, 2]);
    }
    for top in tops {
        asm.jump(
            Op::JumpIfNot {
                cond: Reg(0),
                to: Jump32(0),
            },
            top,
        );
    }
    asm.push(Op::Return0 {});
    let module = asm.finish_module("=long");
    let start = std::time::Instant::now();
    verify(module).expect("the function is sound");
    assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
}

#[test]
fn random_code_keeps_the_laws() {
    let mut verified = 0;
    let cases = Cases::of("random functions verified and walked");
    arbtest::arbtest(|u| {
        cases.next();
        verified += u32::from(fuzzing::check(u.arbitrary()?));
        Ok(())
    })
    .budget_ms(budget(1000));
    assert!(verified > 0, "no random function verified");
}

#[test]
fn random_bytes_keep_the_laws() {
    let cases = Cases::of("random bytes as code and files");
    arbtest::arbtest(|u| {
        cases.next();
        let mut data: Vec<u8> = u.arbitrary()?;
        fuzzing::check_bytes(&data);
        // Nearly right opcodes reach further than random ones.
        for word in data.chunks_exact_mut(8) {
            word[0] %= Opcode::COUNT as u8;
            word[1] = 0;
            word.iter_mut().skip(2).step_by(2).for_each(|low| *low &= 0xf0);
        }
        fuzzing::check_bytes(&data);
        Ok(())
    })
    .budget_ms(budget(1000));
}

#[test]
fn liveness_counts_maps_as_reads() {
    let text = "function f0 params 1 / load_int r1, 1 / load_int r2, 2 / add r0, r0, r1 {live r0 r1 r2} / return_1 r0";
    let text = format!("module \"=t\"\n{}", text.replace(" / ", "\n"));
    let module = verify(assemble(&text).expect("it assembles")).expect("it verifies");
    let live = Liveness::new(module.main());
    let at = |word| live.before(word).expect("an instruction").iter().collect::<Vec<_>>();
    assert_eq!(at(0), [0]);
    assert_eq!(at(1), [0, 1]);
    assert_eq!(at(2), [0, 1, 2], "the map names what nobody reads");
    assert_eq!(at(3), [0]);
    assert!(!live.is_complete());
}

#[test]
fn liveness_follows_loops() {
    let mut asm = Assembler::new("", 2);
    let top = asm.here();
    asm.jump(
        Op::JumpIf {
            cond: Reg(0),
            to: Jump32(0),
        },
        top,
    );
    asm.push(Op::Return1 { src: Reg(1) });
    let module = verify(asm.finish_module("=t")).expect("it verifies");
    let live = Liveness::new(module.main());
    assert_eq!(live.before(0).expect("the branch").iter().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn jumps_to_jumps_are_threaded() {
    let build = |thread: bool, pin: bool| {
        let mut asm = Assembler::new("", 1);
        let (middle, end) = (asm.label(), asm.label());
        asm.jump(
            Op::JumpIf {
                cond: Reg(0),
                to: Jump32(0),
            },
            middle,
        );
        if pin {
            asm.pin();
        }
        asm.push(Op::Return0 {});
        asm.bind(middle);
        asm.jump(Op::Jump { to: Jump32(0) }, end);
        asm.push(Op::Return0 {});
        asm.bind(end);
        asm.push(Op::Return1 { src: Reg(0) });
        if thread {
            asm.thread_jumps();
        }
        let module = verify(asm.finish_module("=t")).expect("it verifies");
        let first = module.main().ops().next().expect("code").expect("it decodes").1;
        first.jump().expect("a branch")
    };
    assert_eq!(build(false, false), 1);
    assert_eq!(build(true, false), 3);
    assert_eq!(build(true, true), 1);
}
