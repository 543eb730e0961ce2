//! The one instruction table: every fact about an instruction stands in its row and nowhere else.
//!
//! A row is `/// effect` + `Name = snake { field: Type as Role, .. } flags(..);`. Encoder, decoder,
//! disassembler, assembler, verifier, operand visitor, the VM's dispatch table and
//! `docs/bytecode.md` derive from it.
//!
//! # Encoding
//!
//! An instruction is one or more little-endian 64-bit words. The first word holds the opcode in its
//! low 16 bits; the fields follow in the order of the row, each [`Reg`](crate::Reg), constant,
//! immediate, count or short jump in 16 bits, wide ones (`Jump32`, `Wide`) in 32 bits aligned to 32, and
//! continue in the next word when the first is full. `Cache` fields are whole words, zero in a
//! module, and belong to the VM that loads it. A `Captures` field is a count followed by that many
//! 16-bit captures, padded to a whole word. Bits that belong to no field are zero.
//!
//! Registers and constants are encoded as byte offsets, the index times 16; upvalues as the index
//! times 8. A captured register is its offset, a captured upvalue its offset plus 1. `Slot` and `Wide` are plain.
//!
//! # Notes
//!
//! 1. *Windows.* A call window at `R[w]` holds the callee in `R[w]`, the frame word in `R[w+1]` and
//!    the arguments in `R[w+2]` and on. The callee's frame has its `R[0]` at `R[w+2]`. Several results
//!    land at `R[w]`, `R[w+1]`, …; the single result of `call` lands in `R[dst]`.
//! 2. *Open values.* `open` as a count means "the open values": a run `{start, count}` that the previous
//!    instruction (`call_x` with open results, `vararg_open`, `vararg_from_open`) left in the VM. The consumer copies
//!    them to where it wants them. The consumer is the next instruction; only the `close` of a `return_open`
//!    may stand in between, and keeps them.
//! 3. *Jumps* count words from the end of the instruction that holds them.
//! 4. *Metamethods.* An instruction flagged `may_call` may run a metamethod in a continuation frame, whose
//!    window the VM puts above the frame (past `frame_size`); its result is stored, or the jump
//!    decided, when that frame returns.
//! 5. *Internal* instructions are written only by the VM into its own copy of the code, over an
//!    instruction of the same length. The verifier refuses them in a module.
//! 6. *Collection* happens at the start of a `safepoint` instruction, before it writes anything: its live map
//!    holds the slots that it reads (members of its call window aside) and those that are read later.
//! 7. *Reads come first.* `for_call` reads its three operands before it fills the window, in which they may lie; it
//!    collects nothing in between.

/// Calls `$m!` with the whole table. See the module documentation for the shape of a row.
#[macro_export]
macro_rules! for_each_op { ($m:path) => { $m! {
    /// `R[dst] := R[src]`
    Move = move_ { dst: Reg as Def, src: Reg as Use } flags();
    /// `R[dst] := value`, an integer.
    LoadInt = load_int { dst: Reg as Def, value: Imm as Data } flags();
    /// `R[dst] := value`, a float with an integral value.
    LoadFloat = load_float { dst: Reg as Def, value: Imm as Data } flags();
    /// `R[dst] := K[value]`
    LoadK = load_k { dst: Reg as Def, value: Const as Data } flags();
    /// `R[dst] := K[value]`, for constants past the reach of 16 bits.
    LoadKx = load_kx { dst: Reg as Def, value: Wide as WideConst } flags();
    /// `R[dst] := nil`
    LoadNil = load_nil { dst: Reg as Def } flags();
    /// `R[first], .., R[first+count-1] := nil`
    LoadNils = load_nils { first: Reg as DefRange, count: Count as Data } flags();
    /// `R[dst] := false`
    LoadFalse = load_false { dst: Reg as Def } flags();
    /// `R[dst] := true`
    LoadTrue = load_true { dst: Reg as Def } flags();
    /// `S[slot] := R[src]`, where `S` are all the slots of the frame, by number.
    Spill = spill { slot: Slot as Def, src: Reg as Use } flags();
    /// `R[dst] := S[slot]`
    Reload = reload { dst: Reg as Def, slot: Slot as Use } flags();

    /// `R[dst] := U[upvalue]`, the value in the cell.
    GetUpvalue = get_upvalue { dst: Reg as Def, upvalue: Upvalue as Data } flags();
    /// `U[upvalue] := R[src]`
    SetUpvalue = set_upvalue { upvalue: Upvalue as Data, src: Reg as Use } flags();
    /// `R[dst] := a new cell that holds R[src]`
    NewCell = new_cell { dst: Reg as Def, src: Reg as Use } flags(may_alloc, safepoint);
    /// `R[dst] := the value in the cell R[cell]`
    GetCell = get_cell { dst: Reg as Def, cell: Reg as Use } flags();
    /// `the value in the cell R[cell] := R[src]`
    SetCell = set_cell { cell: Reg as Use, src: Reg as Use } flags();
    /// `R[dst] := a closure of function proto` over the captured cells, in the order of its upvalues.
    Closure = closure { dst: Reg as Def, proto: Wide as Proto, captures: Captures as Use } flags(may_alloc, safepoint);

    /// `R[dst] := {}` with room for `array` elements and `record` fields.
    NewTable = new_table { dst: Reg as Def, array: Count as Data, record: Count as Data } flags(may_alloc, safepoint);
    /// `R[dst] := R[table][R[key]]`
    GetIndex = get_index { dst: Reg as Def, table: Reg as Use, key: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[table][key]`
    GetInt = get_int { dst: Reg as Def, table: Reg as Use, key: Imm as Data } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[table][K[key]]`, a string constant.
    GetField = get_field { dst: Reg as Def, table: Reg as Use, key: Const as StrConst, cache: Cache as Data, holder: Cache as Data } flags(may_raise, may_call, safepoint);
    /// `R[table][R[key]] := R[value]`
    SetIndex = set_index { table: Reg as Use, key: Reg as Use, value: Reg as Use } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[table][R[key]] := K[value]`
    SetIndexK = set_index_k { table: Reg as Use, key: Reg as Use, value: Const as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[table][key] := R[value]`
    SetInt = set_int { table: Reg as Use, key: Imm as Data, value: Reg as Use } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[table][key] := K[value]`
    SetIntK = set_int_k { table: Reg as Use, key: Imm as Data, value: Const as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[table][K[key]] := R[value]`, a string constant.
    SetField = set_field { table: Reg as Use, key: Const as StrConst, value: Reg as Use, cache: Cache as Data, next: Cache as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[table][K[key]] := K[value]`, a string constant.
    SetFieldK = set_field_k { table: Reg as Use, key: Const as StrConst, value: Const as Data, cache: Cache as Data, next: Cache as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[dst] := U[env][K[key]]`, a string constant.
    GetGlobal = get_global { dst: Reg as Def, env: Upvalue as Data, key: Const as StrConst, cache: Cache as Data, holder: Cache as Data } flags(may_raise, may_call, safepoint);
    /// `U[env][K[key]] := R[value]`, a string constant.
    SetGlobal = set_global { env: Upvalue as Data, key: Const as StrConst, value: Reg as Use, cache: Cache as Data, next: Cache as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `U[env][K[key]] := K[value]`, a string constant.
    SetGlobalK = set_global_k { env: Upvalue as Data, key: Const as StrConst, value: Const as Data, cache: Cache as Data, next: Cache as Data } flags(may_raise, may_call, may_alloc, safepoint);
    /// `R[window+2] := R[object]; R[window] := R[object][K[key]]`: the lookup of a method call.
    SelfField = self_field { window: Reg as DefSelf, object: Reg as Use, key: Const as StrConst, cache: Cache as Data, holder: Cache as Data } flags(may_raise, may_call, safepoint);
    /// `R[table][start], .. := R[first], .., R[first+count-1]`, raw.
    SetList = set_list { table: Reg as Use, first: Reg as UseRange, count: Count as Data, start: Wide as Data } flags(may_raise, may_alloc, safepoint);
    /// `R[table][start], .. := R[first], .., R[first+fixed-1], open values`, raw.
    SetListOpen = set_list_open { table: Reg as Use, first: Reg as UseRange, fixed: Count as Data, start: Wide as Data } flags(may_raise, may_alloc, uses_open, safepoint);

    /// `R[dst] := R[lhs] + R[rhs]`, or the `__add` metamethod.
    Add = add { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] - R[rhs]`
    Sub = sub { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] * R[rhs]`
    Mul = mul { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] % R[rhs]`
    Mod = mod_ { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] ^ R[rhs]`
    Pow = pow { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] / R[rhs]`
    Div = div { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] // R[rhs]`
    IDiv = idiv { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] & R[rhs]`
    BAnd = band { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] | R[rhs]`
    BOr = bor { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] ~ R[rhs]`
    BXor = bxor { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] << R[rhs]`
    Shl = shl { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] >> R[rhs]`
    Shr = shr { dst: Reg as Def, lhs: Reg as Use, rhs: Reg as Use } flags(may_raise, may_call, safepoint);

    /// `R[dst] := R[lhs] + K[rhs]`, a number constant.
    AddK = add_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] - K[rhs]`
    SubK = sub_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] * K[rhs]`
    MulK = mul_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] % K[rhs]`
    ModK = mod_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] ^ K[rhs]`
    PowK = pow_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] / K[rhs]`
    DivK = div_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] // K[rhs]`
    IDivK = idiv_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as NumConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] & K[rhs]`, an integer constant.
    BAndK = band_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as IntConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] | K[rhs]`, an integer constant.
    BOrK = bor_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as IntConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] ~ K[rhs]`, an integer constant.
    BXorK = bxor_k { dst: Reg as Def, lhs: Reg as Use, rhs: Const as IntConst } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] + rhs`
    AddI = add_i { dst: Reg as Def, lhs: Reg as Use, rhs: Imm as Data } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] - rhs`
    SubI = sub_i { dst: Reg as Def, lhs: Reg as Use, rhs: Imm as Data } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] << rhs`
    ShlI = shl_i { dst: Reg as Def, lhs: Reg as Use, rhs: Imm as Data } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[lhs] >> rhs`
    ShrI = shr_i { dst: Reg as Def, lhs: Reg as Use, rhs: Imm as Data } flags(may_raise, may_call, safepoint);
    /// `R[dst] := -R[src]`
    Unm = unm { dst: Reg as Def, src: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := ~R[src]`
    BNot = bnot { dst: Reg as Def, src: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := not R[src]`
    Not = not_ { dst: Reg as Def, src: Reg as Use } flags();
    /// `R[dst] := #R[src]`
    Len = len { dst: Reg as Def, src: Reg as Use } flags(may_raise, may_call, safepoint);
    /// `R[dst] := R[first] .. R[first+1] .. .. R[first+count-1]`.
    Concat = concat { dst: Reg as Def, first: Reg as UseRange, count: Count as Data } flags(may_raise, may_call, may_alloc, safepoint);

    /// `pc += to`
    Jump = jump { to: Jump32 as Jump } flags(branch, terminator);
    /// `if R[cond] then pc += to`
    JumpIf = jump_if { cond: Reg as Use, to: Jump32 as Jump } flags(branch);
    /// `if not R[cond] then pc += to`
    JumpIfNot = jump_if_not { cond: Reg as Use, to: Jump32 as Jump } flags(branch);
    /// `if R[src] == nil then pc += to`, raw.
    JumpNil = jump_nil { src: Reg as Use, to: Jump32 as Jump } flags(branch);
    /// `if R[src] ~= nil then pc += to`, raw.
    JumpNotNil = jump_not_nil { src: Reg as Use, to: Jump32 as Jump } flags(branch);
    /// `if R[lhs] == R[rhs] then pc += to`
    JumpEq = jump_eq { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] ~= R[rhs] then pc += to`
    JumpNe = jump_ne { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] < R[rhs] then pc += to`
    JumpLt = jump_lt { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] < R[rhs]) then pc += to`
    JumpNotLt = jump_not_lt { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] <= R[rhs] then pc += to`
    JumpLe = jump_le { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] <= R[rhs]) then pc += to`
    JumpNotLe = jump_not_le { lhs: Reg as Use, rhs: Reg as Use, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] == K[rhs] then pc += to`, raw.
    JumpEqK = jump_eq_k { lhs: Reg as Use, rhs: Const as Data, to: Jump16 as Jump } flags(branch);
    /// `if R[lhs] ~= K[rhs] then pc += to`, raw.
    JumpNeK = jump_ne_k { lhs: Reg as Use, rhs: Const as Data, to: Jump16 as Jump } flags(branch);
    /// `if R[lhs] == rhs then pc += to`
    JumpEqI = jump_eq_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch);
    /// `if R[lhs] ~= rhs then pc += to`
    JumpNeI = jump_ne_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch);
    /// `if R[lhs] < rhs then pc += to`
    JumpLtI = jump_lt_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] < rhs) then pc += to`
    JumpNotLtI = jump_not_lt_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] <= rhs then pc += to`
    JumpLeI = jump_le_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] <= rhs) then pc += to`
    JumpNotLeI = jump_not_le_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] > rhs then pc += to`
    JumpGtI = jump_gt_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] > rhs) then pc += to`
    JumpNotGtI = jump_not_gt_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if R[lhs] >= rhs then pc += to`
    JumpGeI = jump_ge_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);
    /// `if not (R[lhs] >= rhs) then pc += to`
    JumpNotGeI = jump_not_ge_i { lhs: Reg as Use, rhs: Imm as Data, to: Jump16 as Jump } flags(branch, may_raise, may_call, safepoint);

    /// Prepares a numeric loop: checks the three values, makes `R[count]` (on entry the limit) the number of
    /// further iterations for an integer loop, converts all three for a float loop; `pc += to` if the body never runs.
    ForPrep = for_prep { index: Reg as UseDef, count: Reg as UseDef, step: Reg as UseDef, to: Jump32 as Jump } flags(branch, may_raise, safepoint);
    /// `if iterations are left then R[index] += R[step]; count it; pc += to`
    ForLoop = for_loop { index: Reg as UseDef, count: Reg as UseDef, step: Reg as Use, to: Jump32 as Jump } flags(branch);
    /// Calls the iterator: `R[window], .., R[window+results-1] := R[iterator](R[state], R[control])`.
    ForCall = for_call { iterator: Reg as Use, state: Reg as Use, control: Reg as Use, window: Reg as DefCall, results: Count as Data, hint: Cache as Data } flags(may_raise, may_call, may_alloc, may_yield, safepoint);

    /// `R[dst] := R[window](args)`, adjusted to one result.
    Call = call { window: Reg as UseCall, args: Count as Data, dst: Reg as Def } flags(may_raise, may_call, may_alloc, may_yield, safepoint);
    /// `R[window](args)`, results dropped.
    Call0 = call_0 { window: Reg as UseCall, args: Count as Data } flags(may_raise, may_call, may_alloc, may_yield, safepoint);
    /// `R[window], .. := R[window](args)`; `args` fixed arguments stand in the window; with `results` open the results are left open.
    CallN = call_n { window: Reg as UseDefCall, args: Count as Data, results: ResultCount as Data } flags(may_raise, may_call, may_alloc, may_yield, safepoint);
    /// As `call_n`, with the open values as further arguments behind the `args` fixed ones.
    CallOpen = call_open { window: Reg as UseDefCall, args: Count as Data, results: ResultCount as Data } flags(may_raise, may_call, may_alloc, may_yield, uses_open, safepoint);
    /// `return R[window](args)`, in this frame's place.
    TailCall = tail_call { window: Reg as UseCall, args: Count as Data } flags(may_raise, may_call, may_alloc, may_yield, terminator, safepoint);
    /// `return R[window](args, open values)`, in this frame's place.
    TailCallOpen = tail_call_open { window: Reg as UseCall, args: Count as Data } flags(may_raise, may_call, may_alloc, may_yield, uses_open, terminator, safepoint);
    /// `return`
    Return0 = return_0 { } flags(terminator);
    /// `return R[src]`
    Return1 = return_1 { src: Reg as Use } flags(terminator);
    /// `return R[first], .., R[first+count-1]`
    ReturnN = return_n { first: Reg as UseRange, count: Count as Data } flags(terminator);
    /// `return R[first], .., R[first+count-1], open values`
    ReturnOpen = return_open { first: Reg as UseRange, count: Count as Data } flags(uses_open, terminator);
    /// `R[first], .., R[first+count-1] := ...`
    Vararg = vararg { first: Reg as DefRange, count: Count as Data } flags();
    /// Leaves all extra arguments open.
    VarargOpen = vararg_open { } flags(defs_open);
    /// `R[dst] := a table of the extra arguments`, with their number in `n`.
    VarargTable = vararg_table { dst: Reg as Def } flags(may_alloc, safepoint);
    /// `R[dst] := extra argument R[key]`, their number if `R[key]` is `"n"`, else nil: a read of a named vararg parameter.
    GetVararg = get_vararg { dst: Reg as Def, key: Reg as Use } flags();
    /// `R[first], .., R[first+count-1] := R[table][1], .., R[table][count]`, raw, with nil past `R[table].n`: `...` where
    /// the extra arguments are a table. Raises if `n` is no number of values.
    VarargFrom = vararg_from { table: Reg as Use, first: Reg as DefRange, count: Count as Data } flags(may_raise, safepoint);
    /// Leaves `R[table][1], .., R[table][n]` open, where `n` is `R[table].n`, raw.
    VarargFromOpen = vararg_from_open { table: Reg as Use } flags(may_raise, defs_open, safepoint);

    /// Marks `R[value]` (a pinned slot) to be closed; raises if it has no `__close` and is neither nil nor false.
    Tbc = tbc { value: Reg as Use } flags(may_raise, safepoint);
    /// Closes, in reverse order, the to-be-closed slots at and above `R[from]`.
    Close = close { from: Reg as Slot } flags(may_raise, may_call, may_alloc, may_yield, safepoint);
    /// Raises that the global `K[name]` is already defined, unless `R[src]` is nil.
    CheckGlobal = check_global { src: Reg as Use, name: Wide as WideConst } flags(may_raise, safepoint);

    /// `get_field` of an own field found in `holder`, a table that receivers of the cached shape inherit from.
    GetFieldProto = get_field_proto { dst: Reg as Def, table: Reg as Use, key: Const as StrConst, cache: Cache as Data, holder: Cache as Data } flags(may_raise, may_call, safepoint, internal);
    /// `self_field` whose method is found in `holder`.
    SelfFieldProto = self_field_proto { window: Reg as DefSelf, object: Reg as Use, key: Const as StrConst, cache: Cache as Data, holder: Cache as Data } flags(may_raise, may_call, safepoint, internal);
    /// `set_field` that adds a field: the cached shape becomes `next`.
    SetFieldAdd = set_field_add { table: Reg as Use, key: Const as StrConst, value: Reg as Use, cache: Cache as Data, next: Cache as Data } flags(may_raise, may_call, may_alloc, safepoint, internal);
} } }
