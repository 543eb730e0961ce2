//! Random functions, and the law that every allocation of one passes the checker.

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::text::{Func, InstData};
use crate::{
    AllocError, Clobber, Constraint, Ctx, Group, Inst, Kind, Operand, Options, PReg, Pos, RegFile, VReg, checker,
    run_with,
};

/// The smallest register file: no instruction has more operands in registers, or fixed in others.
const SMALLEST: u16 = 4;

/// How many registers above those are homes that the client has chosen.
const MAX_HOMES: u16 = 3;

/// A structured function in SSA with loops, windows, groups, parameters and safepoints.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// The function.
    pub func: Func,
}

impl<'a> Arbitrary<'a> for TestCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut builder = Builder {
            u,
            func: Func::default(),
            next: 0,
            depth: 0,
        };
        let params = builder.u.int_in_range(0..=6)?;
        let params = builder.fresh(params);
        builder.func.push_block(params.clone(), 0);
        let mut scope = params;
        builder.statements(&mut scope, 0)?;
        builder.ret(&scope)?;
        builder.func.link();
        Ok(TestCase { func: builder.func })
    }
}

/// Allocates with several register files and ways of working, and checks every answer.
///
/// # Panics
/// When an allocation is wrong.
pub fn check(case: &TestCase) {
    let func = &case.func;
    let text = func.to_string();
    let again: Func = text.parse().unwrap_or_else(|error| panic!("{error} in\n{text}"));
    assert_eq!(again, *func, "parse undoes print");
    let mut ctx = Ctx::default();
    for allocatable in [SMALLEST + func.homes().count() as u16, 8, 250] {
        let regs = RegFile { allocatable };
        for graph_limit in [u32::MAX, 0] {
            let options = Options {
                graph_limit,
                ..Options::default()
            };
            let out = run_with(func, &regs, &options, &mut ctx)
                .unwrap_or_else(|error| panic!("{error} with {allocatable} in\n{text}"));
            if let Err(errors) = checker::check(func, &regs, &out) {
                panic!(
                    "{errors}\nwith {allocatable} and {options:?} in\n{text}\n{}",
                    func.print(&out)
                );
            }
            let again = run_with(func, &regs, &options, &mut Ctx::default());
            assert_eq!(again.as_ref(), Ok(&out), "a used context changes nothing");
        }
    }
    check_stack_order(func, &mut ctx);
}

/// Takes an allocation's homes for the client's places; those must be accepted and right.
fn check_stack_order(func: &Func, ctx: &mut Ctx) {
    let regs = RegFile { allocatable: 250 };
    let Ok(colored) = run_with(func, &regs, &Options::default(), ctx) else {
        return;
    };
    let mut placed = func.clone();
    for (vreg, home) in (0..).map(VReg).zip(&colored.homes) {
        // Without a home: a value that is computed again, or that does not exist.
        let Some(home) = *home else { continue };
        placed.set_place(vreg, colored.frame_index(home));
    }
    if colored.stats.remats > 0 {
        return;
    }
    let options = Options {
        stack_order: true,
        ..Options::default()
    };
    for allocatable in [250, 8, 4] {
        let regs = RegFile { allocatable };
        match run_with(&placed, &regs, &options, ctx) {
            Ok(out) => {
                if let Err(errors) = checker::check(&placed, &regs, &out) {
                    panic!(
                        "{errors}\nin stack order with {allocatable} in\n{placed}\n{}",
                        placed.print(&out)
                    );
                }
            }
            // Places are given, so there may be no register left for what lies past the file.
            Err(AllocError::TooFewRegisters { .. }) if allocatable < 250 => {}
            Err(error) => panic!("{error} in stack order with {allocatable} in\n{placed}"),
        }
    }
}

struct Builder<'u, 'a> {
    u: &'u mut Unstructured<'a>,
    func: Func,
    next: u32,
    depth: u32,
}

impl Builder<'_, '_> {
    fn fresh(&mut self, count: usize) -> Vec<VReg> {
        let first = self.next;
        self.next += count as u32;
        (first..self.next).map(VReg).collect()
    }

    fn pick(&mut self, scope: &[VReg]) -> Result<VReg> {
        // The newest values are the likeliest, as they are in programs.
        let back = self.u.int_in_range(0..=scope.len() - 1)?;
        let near = self.u.int_in_range(0..=2)? > 0;
        let back = if near { back.min(3) } else { back };
        Ok(scope[scope.len() - 1 - back])
    }

    fn some(&mut self, scope: &[VReg], most: usize) -> Result<Vec<VReg>> {
        let count = if scope.is_empty() {
            0
        } else {
            self.u.int_in_range(0..=most)?
        };
        (0..count).map(|_| self.pick(scope)).collect()
    }

    fn statements(&mut self, scope: &mut Vec<VReg>, nesting: u32) -> Result<()> {
        let count = self.u.int_in_range(1..=7)?;
        for _ in 0..count {
            if self.u.is_empty() || self.next > 300 {
                break;
            }
            match self.u.int_in_range(0..=11)? {
                0 if nesting < 4 => self.branch(scope, nesting)?,
                1 if nesting < 4 => self.repeat(scope, nesting)?,
                2 | 3 => self.call(scope)?,
                4 => self.grouped(scope)?,
                5 => self.fixed(scope)?,
                6 => self.constant(scope)?,
                7 => self.copy(scope)?,
                _ => self.plain(scope)?,
            }
        }
        Ok(())
    }

    fn plain(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        let mut uses = Vec::new();
        for vreg in self.some(scope, 3)? {
            let mut op = Operand::reg_use(vreg);
            if self.u.ratio(1, 5)? {
                op.constraint = Constraint::Any;
            }
            if self.u.ratio(1, 5)? {
                op.pos = Pos::Late;
            }
            uses.push(op);
        }
        let mut operands = Vec::new();
        // Four register operands fit the smallest file if a def may follow early uses.
        let late = uses.iter().filter(|op| op.pos == Pos::Late).count();
        let is_def = uses.len() < 3 || late < 3;
        if is_def && self.u.ratio(4, 5)? {
            let def = self.fresh(1)[0];
            let mut op = Operand::reg_def(def);
            match self.u.int_in_range(0..=7)? {
                0 => op.constraint = Constraint::Any,
                1 => op.pos = Pos::Early,
                2 if uses
                    .first()
                    .is_some_and(|op| op.pos == Pos::Early && op.constraint == Constraint::Reg) =>
                {
                    op.constraint = Constraint::Reuse(1);
                }
                _ => {}
            }
            operands.push(op);
            scope.push(def);
            if self.u.ratio(1, 20)? {
                self.func.set_pinned(def);
            }
            let homes = self.func.homes().count() as u16;
            if homes < MAX_HOMES && self.u.ratio(1, 20)? {
                self.func.set_home(def, PReg(SMALLEST + homes));
            }
        }
        operands.extend(uses);
        let safepoint = self.u.ratio(1, 4)?;
        let name = "op".into();
        self.func.push(InstData {
            name,
            operands,
            safepoint,
            ..InstData::default()
        });
        Ok(())
    }

    fn constant(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        let def = self.fresh(1)[0];
        let operands = vec![Operand::reg_def(def)];
        self.func.push(InstData {
            name: "const".into(),
            operands,
            ..InstData::default()
        });
        if self.u.ratio(2, 3)? {
            self.func.set_remat(def);
        }
        scope.push(def);
        Ok(())
    }

    fn copy(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        if scope.is_empty() {
            return Ok(());
        }
        let src = self.pick(scope)?;
        let def = self.fresh(1)[0];
        let operands = match self.u.arbitrary()? {
            true => vec![Operand::any_def(def), Operand::any_use(src)],
            false => vec![Operand::reg_def(def), Operand::reg_use(src)],
        };
        self.func.push(InstData {
            name: "move".into(),
            operands,
            ..InstData::default()
        });
        scope.push(def);
        Ok(())
    }

    fn call(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        let uses = self.some(scope, 6)?;
        let results = self.u.int_in_range(0..=3)?;
        let results = self.fresh(results);
        // Sometimes a generic for's call: its first places are read and kept.
        let kept = if self.u.ratio(1, 4)? {
            self.u.int_in_range(0..=2)?
        } else {
            0
        };
        let mut operands: Vec<_> = (kept..)
            .zip(&results)
            .map(|(at, &def)| Operand::group_def(def, 0, at))
            .collect();
        let mut size = kept + results.len() as u16;
        for (at, &vreg) in (0..).zip(&uses) {
            // Offset `kept + 1` is the frame word.
            let offset = if at > kept { at + 1 } else { at };
            let mut op = Operand::group_use(vreg, 0, offset);
            if offset < kept && self.u.arbitrary()? {
                op.pos = Pos::Late;
            }
            operands.push(op);
            size = size.max(offset + 1);
        }
        if self.u.ratio(1, 5)? && !scope.is_empty() {
            let vreg = self.pick(scope)?;
            operands.push(Operand::reg_use(vreg).at(*self.u.choose(&[Pos::Early, Pos::Late])?));
        }
        let groups = vec![Group {
            size: size.max(kept + 2),
            clobber: Clobber::Above(kept),
        }];
        let name = "call".into();
        self.func.push(InstData {
            name,
            operands,
            groups,
            safepoint: true,
            targets: Vec::new(),
        });
        scope.extend(results);
        Ok(())
    }

    fn grouped(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        let clobber = *self.u.choose(&[Clobber::Nothing, Clobber::Nothing, Clobber::Members])?;
        let mut groups = Vec::new();
        let mut operands = Vec::new();
        let uses = self.some(scope, 7)?;
        if !uses.is_empty() {
            let late = clobber == Clobber::Nothing && self.u.arbitrary()?;
            for (at, &vreg) in (0..).zip(&uses) {
                let op = Operand::group_use(vreg, 0, at);
                operands.push(op.at(if late { Pos::Late } else { Pos::Early }));
            }
            groups.push(Group {
                size: uses.len() as u16,
                clobber,
            });
        }
        let mut defs = Vec::new();
        if self.u.arbitrary()? {
            let count = self.u.int_in_range(1..=6)?;
            defs = self.fresh(count);
            let group = groups.len() as u8;
            let ops = (0..).zip(&defs).map(|(at, &def)| Operand::group_def(def, group, at));
            operands.splice(0..0, ops);
            groups.push(Group::consecutive(count as u16));
        } else if self.u.arbitrary()? {
            defs = self.fresh(1);
            operands.insert(0, Operand::reg_def(defs[0]));
        }
        if self.u.arbitrary()? && !scope.is_empty() {
            let vreg = self.pick(scope)?;
            operands.push(Operand::reg_use(vreg).at(*self.u.choose(&[Pos::Early, Pos::Late])?));
        }
        let safepoint = self.u.arbitrary()?;
        let name = "group".into();
        self.func.push(InstData {
            name,
            operands,
            groups,
            safepoint,
            targets: Vec::new(),
        });
        scope.extend(defs);
        Ok(())
    }

    fn fixed(&mut self, scope: &mut Vec<VReg>) -> Result<()> {
        let mut operands = Vec::new();
        if self.u.arbitrary()? {
            let def = self.fresh(1)[0];
            let reg = PReg(self.u.int_in_range(0..=3)?);
            let constraint = Constraint::Fixed(reg);
            operands.push(Operand {
                constraint,
                ..Operand::reg_def(def)
            });
        }
        for (at, vreg) in (0..).zip(self.some(scope, 2)?) {
            let constraint = Constraint::Fixed(PReg(at));
            operands.push(Operand {
                constraint,
                ..Operand::reg_use(vreg)
            });
        }
        if self.u.arbitrary()? && !scope.is_empty() {
            let vreg = self.pick(scope)?;
            operands.push(Operand::reg_use(vreg));
        }
        let defs = operands.iter().filter(|op| op.kind == Kind::Def).map(|op| op.vreg);
        scope.extend(defs);
        self.func.push(InstData {
            name: "fixed".into(),
            operands,
            ..InstData::default()
        });
        Ok(())
    }

    /// Ends the block; targets are filled in once they are known.
    fn jump(&mut self, name: &str, operands: Vec<Operand>) -> Inst {
        let safepoint = self.next % 2 == 1;
        self.func.push(InstData {
            name: name.into(),
            operands,
            safepoint,
            ..InstData::default()
        })
    }

    fn condition(&mut self, scope: &[VReg]) -> Result<Vec<Operand>> {
        let uses = self.some(scope, 2)?;
        Ok(uses.into_iter().map(Operand::reg_use).collect())
    }

    fn args(&mut self, scope: &[VReg], count: usize) -> Result<Vec<VReg>> {
        (0..count).map(|_| self.pick(scope)).collect()
    }

    fn branch(&mut self, scope: &mut Vec<VReg>, nesting: u32) -> Result<()> {
        let condition = self.condition(scope)?;
        let split = self.jump("br", condition);
        let count = if scope.is_empty() {
            0
        } else {
            self.u.int_in_range(0..=3)?
        };
        let mut joins = Vec::new();
        for _ in 0..2 {
            // A block with one predecessor may have parameters too.
            let given = self.some(scope, 2)?;
            let params = self.fresh(given.len());
            let block = self.func.push_block(params.clone(), self.depth);
            self.func.targets_mut(split).push((block, given));
            let mut inner = scope.clone();
            inner.extend(params);
            self.statements(&mut inner, nesting + 1)?;
            let args = self.args(&inner, count)?;
            joins.push((self.jump("jump", Vec::new()), args));
        }
        let params = self.fresh(count);
        let join = self.func.push_block(params.clone(), self.depth);
        for (inst, args) in joins {
            self.func.targets_mut(inst).push((join, args));
        }
        scope.extend(params);
        Ok(())
    }

    fn repeat(&mut self, scope: &mut Vec<VReg>, nesting: u32) -> Result<()> {
        let enter = self.jump("jump", Vec::new());
        let first = self.some(scope, 4)?;
        let params = self.fresh(first.len());
        self.depth += 1;
        let head = self.func.push_block(params.clone(), self.depth);
        self.func.targets_mut(enter).push((head, first));
        let mut inner = scope.clone();
        inner.extend(&params);
        self.statements(&mut inner, nesting + 1)?;
        // The latch may define what it passes on, as a numeric for does.
        let mut latch = self.condition(&inner)?;
        let mut passed = inner.clone();
        if self.u.arbitrary()? {
            let def = self.fresh(1)[0];
            latch.insert(0, Operand::reg_def(def));
            passed.push(def);
        }
        let split = self.jump("loop", latch);
        let given = if passed.is_empty() {
            Vec::new()
        } else {
            self.some(&passed, 2)?
        };
        let back = self.func.push_block(Vec::new(), self.depth);
        let args = self.args(&passed, params.len())?;
        let again = self.jump("jump", Vec::new());
        self.func.targets_mut(again).push((head, args));
        self.depth -= 1;
        let results = self.fresh(given.len());
        let exit = self.func.push_block(results.clone(), self.depth);
        self.func.targets_mut(split).extend([(back, Vec::new()), (exit, given)]);
        // What the loop defines is known after it: its body ran at least once.
        *scope = inner;
        scope.extend(results);
        Ok(())
    }

    fn ret(&mut self, scope: &[VReg]) -> Result<()> {
        let values = self.some(scope, 6)?;
        let groups = vec![Group::consecutive(values.len() as u16)];
        let operands = (0..).zip(&values);
        let operands = operands.map(|(at, &vreg)| Operand::group_use(vreg, 0, at)).collect();
        let name = "ret".into();
        self.func.push(InstData {
            name,
            operands,
            groups,
            safepoint: true,
            targets: Vec::new(),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perilune_luagen::seeded::{Cases, budget};

    #[test]
    fn random_functions_pass_the_checker() {
        let cases = Cases::of("functions allocated and checked");
        let law = |u: &mut Unstructured<'_>| {
            cases.next();
            let case: TestCase = u.arbitrary()?;
            check(&case);
            Ok(())
        };
        // The smallest sizes first: what fails there is easy to read.
        for size in [64, 128, 256, 1 << 12] {
            let test = arbtest::arbtest(law);
            test.size_min(16).size_max(size).budget_ms(budget(1000) / 4).run();
        }
    }
}
