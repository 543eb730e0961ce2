//! Shells: cold functions that save the state and run a slow path of the VM.

use super::*;

shells! {
    poll_slow => |vm, pc, base, k| vm.poll();
    out_of_fuel => |vm, pc, base, k| vm.out_of_fuel();
    set_upvalue_slow => |vm, pc, base, k| {
        let cell: *mut Cell = upvalue(base, pc, 1);
        vm.barrier(cell);
        (*cell).value = *reg(base, pc, 2);
        vm.pc = pc.add(1);
        Ok(Go::On)
    };
    set_cell_slow => |vm, pc, base, k| {
        let cell: *mut Cell = (*reg(base, pc, 1)).as_ptr();
        vm.barrier(cell);
        (*cell).value = *reg(base, pc, 2);
        vm.pc = pc.add(1);
        Ok(Go::On)
    };
    new_cell_slow => |vm, pc, base, k| vm.new_cell_slow();
    closure_slow => |vm, pc, base, k| vm.closure_slow();
    new_table_slow => |vm, pc, base, k| vm.new_table_slow();
    get_index_slow => |vm, pc, base, k| vm.get_index_slow();
    get_int_slow => |vm, pc, base, k| vm.get_int_slow();
    get_field_slow => |vm, pc, base, k| vm.get_field_slow();
    get_global_slow => |vm, pc, base, k| vm.get_global_slow();
    self_field_slow => |vm, pc, base, k| vm.self_field_slow();
    set_index_slow => |vm, pc, base, k| vm.set_index_slow(*reg(base, pc, 3));
    set_index_k_slow => |vm, pc, base, k| vm.set_index_slow(*konst(k, pc, 3));
    set_int_slow => |vm, pc, base, k| vm.set_int_slow(*reg(base, pc, 3));
    set_int_k_slow => |vm, pc, base, k| vm.set_int_slow(*konst(k, pc, 3));
    set_field_slow => |vm, pc, base, k| vm.set_field_slow(*reg(base, pc, 3));
    set_field_k_slow => |vm, pc, base, k| vm.set_field_slow(*konst(k, pc, 3));
    set_global_slow => |vm, pc, base, k| vm.set_global_slow(*reg(base, pc, 3));
    set_global_k_slow => |vm, pc, base, k| vm.set_global_slow(*konst(k, pc, 3));
    set_list_slow => |vm, pc, base, k| vm.set_list_slow(false);
    set_list_open_slow => |vm, pc, base, k| vm.set_list_slow(true);
    len_slow => |vm, pc, base, k| vm.len_slow();
    concat_slow => |vm, pc, base, k| vm.concat_slow();
    jump_eq_slow => |vm, pc, base, k| vm.equal_slow(*reg(base, pc, 1), *reg(base, pc, 2), true);
    jump_ne_slow => |vm, pc, base, k| vm.equal_slow(*reg(base, pc, 1), *reg(base, pc, 2), false);
    jump_lt_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), false, true);
    jump_not_lt_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), false, false);
    jump_le_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), true, true);
    jump_not_le_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), true, false);
    jump_lt_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), false, true);
    jump_not_lt_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), false, false);
    jump_le_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), true, true);
    jump_not_le_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), true, false);
    // `a > i` is `i < a`, and `a >= i` is `i <= a`.
    jump_gt_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), false, true);
    jump_not_gt_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), false, false);
    jump_ge_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), true, true);
    jump_not_ge_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), true, false);
    for_prep_slow => |vm, pc, base, k| vm.for_prep_slow();
    for_call_slow => |vm, pc, base, k| vm.for_call_slow();
    call_open_slow => |vm, pc, base, k| vm.call_slow(FrameKind::CallN, true);
    tail_call_open_slow => |vm, pc, base, k| vm.tail_call_slow(true);
    return_0_slow => |vm, pc, base, k| vm.return_slow(base, 0);
    return_n_slow => |vm, pc, base, k| vm.return_slow(reg(base, pc, 1), field(pc, 2) as usize);
    return_open_slow => |vm, pc, base, k| vm.return_open_slow();
    vararg_slow => |vm, pc, base, k| vm.vararg_copy();
    vararg_table_slow => |vm, pc, base, k| vm.vararg_table_slow();
    get_vararg_slow => |vm, pc, base, k| vm.get_vararg_slow();
    vararg_from_slow => |vm, pc, base, k| vm.vararg_from_slow();
    vararg_from_open_slow => |vm, pc, base, k| vm.vararg_from_open_slow();
    tbc_slow => |vm, pc, base, k| vm.tbc_slow();
    close_slow => |vm, pc, base, k| vm.close_step(reg(base, pc, 1));
    check_global_slow => |vm, pc, base, k| vm.check_global_slow();
}
