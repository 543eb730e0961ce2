//! Functions as text: a plain client of the allocator for tests, dumps and experiments.
//!
//! ```text
//! b0(v0, v1) depth 1:                  a block, its parameters, its loop depth (0 when left out)
//!   v2 = add v0, v1                    defs, a name, uses; `;` begins a comment
//!   v3:any = get! v2:late              `!` makes it a safepoint
//!   v4:g0+0 = call! v3:g0+0, v2:g0+2 {4 above 0}
//!   v5 = move v4
//!   br v5 -> b1(v2), b2                a terminator with successors; without them it returns
//! remat v2, v3
//! pinned v4
//! home v4 r2                           the register where it has to live
//! place v4 7                           its frame index under stack order
//! ```
//! An operand is a register operand, read early or written late, unless it says otherwise: `:any`,
//! `:r3` (fixed), `:reuse1` (the place of operand 1, defs counted first), `:g0+2` (offset 2 of
//! group 0), `:early`, `:late`. The braces list the groups: a size, then `clobbered`, `above` and
//! an offset, or nothing. An instruction called `move` is one.

use std::fmt;
use std::str::FromStr;

use crate::{
    Block, Clobber, Constraint, FrameIndex, Function, Group, Inst, InstRange, Kind, Operand, Output, PReg, Pos, Step,
    VReg,
};

/// A function as plain data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Func {
    insts: Vec<InstData>,
    blocks: Vec<BlockData>,
    num_vregs: u32,
    /// By instruction: whether it ends its block.
    ends: Vec<bool>,
    remat: Vec<VReg>,
    pinned: Vec<VReg>,
    homes: Vec<(VReg, PReg)>,
    places: Vec<(VReg, FrameIndex)>,
}

/// One instruction of a [`Func`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct InstData {
    /// What it is called; `move` copies.
    pub name: String,
    /// Its operands, defs first.
    pub operands: Vec<Operand>,
    /// Its groups.
    pub groups: Vec<Group>,
    /// Whether it is a safepoint.
    pub safepoint: bool,
    /// Where it goes, and with which arguments.
    pub targets: Vec<(Block, Vec<VReg>)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct BlockData {
    params: Vec<VReg>,
    depth: u32,
    start: u32,
    end: u32,
    succs: Vec<Block>,
    preds: Vec<Block>,
}

impl Func {
    /// Begins the next block; what is pushed now goes into it.
    pub fn push_block(&mut self, params: Vec<VReg>, depth: u32) -> Block {
        for &param in &params {
            self.mention(param);
        }
        let start = self.insts.len() as u32;
        let (succs, preds) = (Vec::new(), Vec::new());
        self.blocks.push(BlockData {
            params,
            depth,
            start,
            end: start,
            succs,
            preds,
        });
        Block(self.blocks.len() as u32 - 1)
    }

    /// Appends an instruction to the last block.
    ///
    /// # Panics
    /// Without a block.
    pub fn push(&mut self, inst: InstData) -> Inst {
        for op in &inst.operands {
            self.mention(op.vreg);
        }
        for &arg in inst.targets.iter().flat_map(|(_, args)| args) {
            self.mention(arg);
        }
        self.insts.push(inst);
        self.blocks.last_mut().expect("an instruction is in a block").end += 1;
        Inst(self.insts.len() as u32 - 1)
    }

    /// Fills in predecessors and successors once all blocks are there; until then the function is
    /// not to be allocated.
    pub fn link(&mut self) {
        self.ends = vec![false; self.insts.len()];
        for block in &mut self.blocks {
            block.preds.clear();
            if block.start < block.end {
                self.ends[block.end as usize - 1] = true;
            }
        }
        for at in 0..self.blocks.len() {
            let last = self.blocks[at]
                .end
                .checked_sub(1)
                .map(|last| &self.insts[last as usize]);
            let targets = last.map_or(&[][..], |last| &last.targets);
            self.blocks[at].succs = targets.iter().map(|&(target, _)| target).collect();
            for succ in self.blocks[at].succs.clone() {
                if let Some(succ) = self.blocks.get_mut(succ.index()) {
                    succ.preds.push(Block(at as u32));
                }
            }
        }
    }

    /// Lets `vreg` be computed again.
    pub fn set_remat(&mut self, vreg: VReg) {
        self.mention(vreg);
        self.remat.push(vreg);
    }

    /// Pins `vreg` to its home.
    pub fn set_pinned(&mut self, vreg: VReg) {
        self.mention(vreg);
        self.pinned.push(vreg);
    }

    /// Sets the register where `vreg` has to live.
    pub fn set_home(&mut self, vreg: VReg, home: PReg) {
        self.mention(vreg);
        self.homes.push((vreg, home));
    }

    /// The registers where values have to live.
    pub fn homes(&self) -> impl Iterator<Item = PReg> {
        self.homes.iter().map(|&(_, home)| home)
    }

    /// Sets the place of `vreg` under stack order.
    pub fn set_place(&mut self, vreg: VReg, place: FrameIndex) {
        self.mention(vreg);
        self.places.push((vreg, place));
    }

    /// The arguments that terminator `inst` passes, by successor, to be changed.
    ///
    /// # Panics
    /// When there is no such instruction.
    pub fn targets_mut(&mut self, inst: Inst) -> &mut Vec<(Block, Vec<VReg>)> {
        &mut self.insts[inst.index()].targets
    }

    /// The allocation, one step per line, with group bases and live places.
    pub fn print(&self, out: &Output) -> String {
        use fmt::Write;
        let mut text = String::new();
        let mut write = |args: fmt::Arguments<'_>| {
            text.write_fmt(args).expect("writing to a string cannot fail");
        };
        for block in (0..self.num_blocks()).map(Block) {
            let data = &self.blocks[block.index()];
            let home = |v: &VReg| out.homes[v.index()].map_or("-".into(), |loc| loc.to_string());
            let params = data.params.iter().map(|v| format!("{v}={}", home(v)));
            write(format_args!("{block}({}):\n", params.collect::<Vec<_>>().join(", ")));
            for step in out.steps(self, block) {
                match step {
                    Step::Move { from, to } => write(format_args!("    {to} <- {from}\n")),
                    Step::Remat { vreg, to } => write(format_args!("    {to} <- remat {vreg}\n")),
                    Step::Inst(inst, locs) => {
                        write(format_args!(
                            "  {}",
                            self.inst_text(inst, |at, op| { format!("{}={}", op.vreg, locs[at]) })
                        ));
                        for base in out.group_bases(inst) {
                            write(format_args!(" @{base}"));
                        }
                        if let Some(point) = out.safepoint(inst) {
                            write(format_args!(" live {:?}", point.live));
                        }
                        write(format_args!("\n"));
                    }
                }
            }
        }
        let stats = out.stats;
        write(format_args!(
            "frame {} slots {} moves {} coalesced {} spills {} remats {}\n",
            out.frame_size, out.spill_slots, stats.moves_left, stats.moves_coalesced, stats.spills, stats.remats,
        ));
        text
    }

    fn inst_text(&self, inst: Inst, print: impl Fn(usize, &Operand) -> String) -> String {
        let data = &self.insts[inst.index()];
        let side = |kind| {
            let operands = data.operands.iter().enumerate().filter(move |(_, op)| op.kind == kind);
            operands.map(|(at, op)| print(at, op)).collect::<Vec<_>>().join(", ")
        };
        let (defs, uses) = (side(Kind::Def), side(Kind::Use));
        let mut text = if defs.is_empty() {
            String::new()
        } else {
            format!("{defs} = ")
        };
        text += &data.name;
        text += if data.safepoint { "!" } else { "" };
        if !uses.is_empty() {
            text = text + " " + &uses;
        }
        if !data.targets.is_empty() {
            let targets = data.targets.iter().map(|(target, args)| {
                let args = args.iter().map(VReg::to_string).collect::<Vec<_>>().join(", ");
                if args.is_empty() {
                    target.to_string()
                } else {
                    format!("{target}({args})")
                }
            });
            text = text + " -> " + &targets.collect::<Vec<_>>().join(", ");
        }
        text
    }

    fn mention(&mut self, vreg: VReg) {
        self.num_vregs = self.num_vregs.max(vreg.0 + 1);
    }
}

impl Function for Func {
    fn num_insts(&self) -> u32 {
        self.insts.len() as u32
    }
    fn num_blocks(&self) -> u32 {
        self.blocks.len() as u32
    }
    fn num_vregs(&self) -> u32 {
        self.num_vregs
    }
    fn entry(&self) -> Block {
        Block(0)
    }
    fn block_insts(&self, block: Block) -> InstRange {
        let data = &self.blocks[block.index()];
        InstRange {
            start: Inst(data.start),
            end: Inst(data.end),
        }
    }
    fn succs(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].succs
    }
    fn preds(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].preds
    }
    fn block_params(&self, block: Block) -> &[VReg] {
        &self.blocks[block.index()].params
    }
    fn branch_args(&self, inst: Inst, succ: usize) -> &[VReg] {
        &self.insts[inst.index()].targets[succ].1
    }
    fn is_ret(&self, inst: Inst) -> bool {
        self.ends[inst.index()] && self.insts[inst.index()].targets.is_empty()
    }
    fn is_branch(&self, inst: Inst) -> bool {
        !self.insts[inst.index()].targets.is_empty()
    }
    fn operands(&self, inst: Inst) -> &[Operand] {
        &self.insts[inst.index()].operands
    }
    fn groups(&self, inst: Inst) -> &[Group] {
        &self.insts[inst.index()].groups
    }
    fn is_move(&self, inst: Inst) -> Option<(VReg, VReg)> {
        let data = &self.insts[inst.index()];
        match data.operands[..] {
            [dst, src] if data.name == "move" => Some((dst.vreg, src.vreg)),
            _ => None,
        }
    }
    fn is_safepoint(&self, inst: Inst) -> bool {
        self.insts[inst.index()].safepoint
    }
    fn loop_depth(&self, block: Block) -> u32 {
        self.blocks[block.index()].depth
    }
    fn remat(&self, vreg: VReg) -> bool {
        self.remat.contains(&vreg)
    }
    fn pinned(&self, vreg: VReg) -> bool {
        self.pinned.contains(&vreg)
    }
    fn home(&self, vreg: VReg) -> Option<PReg> {
        let home = self.homes.iter().find(|(of, _)| *of == vreg);
        home.map(|&(_, home)| home)
    }
    fn frame_index(&self, vreg: VReg) -> FrameIndex {
        let place = self.places.iter().find(|(of, _)| *of == vreg);
        place.unwrap_or_else(|| panic!("{vreg} has no place")).1
    }
}

impl fmt::Display for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (block, data) in (0..).map(Block).zip(&self.blocks) {
            write!(f, "{block}")?;
            if !data.params.is_empty() {
                let params: Vec<_> = data.params.iter().map(VReg::to_string).collect();
                write!(f, "({})", params.join(", "))?;
            }
            if data.depth > 0 {
                write!(f, " depth {}", data.depth)?;
            }
            writeln!(f, ":")?;
            for inst in self.block_insts(block).iter() {
                let text = self.inst_text(inst, |_, op| operand_text(op));
                // Groups go between the uses and the targets.
                let (head, tail) = match text.split_once(" -> ") {
                    Some((head, tail)) => (head, format!(" -> {tail}")),
                    None => (&*text, String::new()),
                };
                let groups: Vec<_> = self.groups(inst).iter().map(group_text).collect();
                let groups = match groups.is_empty() {
                    true => String::new(),
                    false => format!(" {{{}}}", groups.join(", ")),
                };
                writeln!(f, "  {head}{groups}{tail}")?;
            }
        }
        for (word, list) in [("remat", &self.remat), ("pinned", &self.pinned)] {
            for vreg in list {
                writeln!(f, "{word} {vreg}")?;
            }
        }
        for (vreg, home) in &self.homes {
            writeln!(f, "home {vreg} {home}")?;
        }
        self.places
            .iter()
            .try_for_each(|(vreg, place)| writeln!(f, "place {vreg} {}", place.0))
    }
}

fn operand_text(op: &Operand) -> String {
    let constraint = match op.constraint {
        Constraint::Any => ":any".into(),
        Constraint::Reg => String::new(),
        Constraint::Fixed(reg) => format!(":{reg}"),
        Constraint::Reuse(of) => format!(":reuse{of}"),
        Constraint::Group { group, offset } => format!(":g{group}+{offset}"),
    };
    let pos = match (op.kind, op.pos) {
        (Kind::Use, Pos::Late) => ":late",
        (Kind::Def, Pos::Early) => ":early",
        _ => "",
    };
    format!("{}{constraint}{pos}", op.vreg)
}

fn group_text(group: &Group) -> String {
    match group.clobber {
        Clobber::Nothing => group.size.to_string(),
        Clobber::Members => format!("{} clobbered", group.size),
        Clobber::Above(from) => format!("{} above {from}", group.size),
    }
}

/// Text that is not a function.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected {}", self.line, self.expected)
    }
}

impl std::error::Error for ParseError {}

impl FromStr for Func {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Func, ParseError> {
        let mut func = Func::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.split(';').next().unwrap_or_default().trim();
            if !line.is_empty() {
                parse_line(&mut func, line).map_err(|expected| ParseError { line: at + 1, expected })?;
            }
        }
        if func.blocks.iter().any(|block| block.start == block.end) {
            let line = text.lines().count();
            return Err(ParseError {
                line,
                expected: "an instruction in every block",
            });
        }
        let targets = func.insts.iter().flat_map(|inst| &inst.targets);
        if targets
            .into_iter()
            .any(|(target, _)| target.index() >= func.blocks.len())
        {
            let line = text.lines().count();
            return Err(ParseError {
                line,
                expected: "every target to be a block",
            });
        }
        func.link();
        Ok(func)
    }
}

type Parsed<T> = Result<T, &'static str>;

fn parse_line(func: &mut Func, line: &str) -> Parsed<()> {
    if let Some(head) = line.strip_suffix(':') {
        let (head, depth) = match head.split_once(" depth ") {
            Some((head, depth)) => (head, number(depth)?),
            None => (head, 0),
        };
        let (block, params) = parse_target(head)?;
        if block.index() != func.blocks.len() {
            return Err("blocks in order");
        }
        func.push_block(params, depth);
        return Ok(());
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "remat" => {
            return vregs(rest)?.into_iter().try_for_each(|v| {
                func.set_remat(v);
                Ok(())
            });
        }
        "pinned" => {
            return vregs(rest)?.into_iter().try_for_each(|v| {
                func.set_pinned(v);
                Ok(())
            });
        }
        "home" => {
            let (vreg, home) = rest.split_once(' ').ok_or("a value and a register")?;
            let home = home.trim().strip_prefix('r').ok_or("a register")?;
            func.set_home(vreg_name(vreg)?, PReg(number(home)?));
            return Ok(());
        }
        "place" => {
            let (vreg, place) = rest.split_once(' ').ok_or("a value and a place")?;
            func.set_place(vreg_name(vreg)?, FrameIndex(number(place)?));
            return Ok(());
        }
        _ => {}
    }
    if func.blocks.is_empty() {
        return Err("a block");
    }
    func.push(parse_inst(line)?);
    Ok(())
}

fn parse_inst(line: &str) -> Parsed<InstData> {
    let (line, targets) = line.split_once("->").unwrap_or((line, ""));
    let (line, groups) = match line.split_once('{') {
        Some((line, groups)) => (line, groups.trim().strip_suffix('}').ok_or("a closing brace")?),
        None => (line, ""),
    };
    let (defs, line) = line.split_once('=').unwrap_or(("", line));
    let (name, uses) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    let mut inst = InstData {
        name: name.trim_end_matches('!').into(),
        safepoint: name.ends_with('!'),
        ..InstData::default()
    };
    for (list, kind) in [(defs, Kind::Def), (uses, Kind::Use)] {
        for operand in list.split(',').map(str::trim).filter(|operand| !operand.is_empty()) {
            inst.operands.push(parse_operand(operand, kind)?);
        }
    }
    for group in groups.split(',').map(str::trim).filter(|group| !group.is_empty()) {
        inst.groups.push(parse_group(group)?);
    }
    let mut rest = targets.trim();
    while !rest.is_empty() {
        let end = rest.find([',', '(']).unwrap_or(rest.len());
        let end = match rest[end..].starts_with('(') {
            true => rest.find(')').ok_or("a closing parenthesis")? + 1,
            false => end,
        };
        inst.targets.push(parse_target(&rest[..end])?);
        rest = rest[end..].trim_start().trim_start_matches(',').trim_start();
    }
    check_inst(&inst)?;
    Ok(inst)
}

fn check_inst(inst: &InstData) -> Parsed<()> {
    for op in &inst.operands {
        match op.constraint {
            Constraint::Reuse(of) => match inst.operands.get(of as usize) {
                Some(used) if used.kind == Kind::Use && op.kind == Kind::Def => {}
                _ => return Err("a use operand to take the place of"),
            },
            Constraint::Group { group, offset } => match inst.groups.get(group as usize) {
                Some(group) if offset < group.size => {}
                _ => return Err("a group with room for its members"),
            },
            Constraint::Any | Constraint::Reg | Constraint::Fixed(_) => {}
        }
    }
    Ok(())
}

fn parse_operand(text: &str, kind: Kind) -> Parsed<Operand> {
    let mut parts = text.split(':');
    let vreg = vreg_name(parts.next().unwrap_or_default())?;
    let mut op = match kind {
        Kind::Use => Operand::reg_use(vreg),
        Kind::Def => Operand::reg_def(vreg),
    };
    for part in parts {
        match part {
            "any" => op.constraint = Constraint::Any,
            "early" => op.pos = Pos::Early,
            "late" => op.pos = Pos::Late,
            _ => op.constraint = parse_constraint(part)?,
        }
    }
    Ok(op)
}

fn parse_constraint(text: &str) -> Parsed<Constraint> {
    if let Some(of) = text.strip_prefix("reuse") {
        Ok(Constraint::Reuse(number(of)?))
    } else if let Some(reg) = text.strip_prefix('r') {
        Ok(Constraint::Fixed(PReg(number(reg)?)))
    } else if let Some((group, offset)) = text.strip_prefix('g').and_then(|t| t.split_once('+')) {
        Ok(Constraint::Group {
            group: number(group)?,
            offset: number(offset)?,
        })
    } else {
        Err("a constraint")
    }
}

fn parse_group(text: &str) -> Parsed<Group> {
    let mut words = text.split_whitespace();
    let size = number(words.next().unwrap_or_default())?;
    let clobber = match (words.next(), words.next()) {
        (None, _) => Clobber::Nothing,
        (Some("clobbered"), None) => Clobber::Members,
        (Some("above"), Some(from)) => Clobber::Above(number(from)?),
        _ => return Err("`clobbered` or `above` and an offset"),
    };
    Ok(Group { size, clobber })
}

fn parse_target(text: &str) -> Parsed<(Block, Vec<VReg>)> {
    let (name, params) = match text.trim().split_once('(') {
        Some((name, params)) => (name, params.strip_suffix(')').ok_or("a closing parenthesis")?),
        None => (text.trim(), ""),
    };
    let block = Block(number(name.strip_prefix('b').ok_or("a block")?)?);
    Ok((block, vregs(params)?))
}

fn vregs(text: &str) -> Parsed<Vec<VReg>> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(vreg_name).collect()
}

fn vreg_name(text: &str) -> Parsed<VReg> {
    let number = number::<u32>(text.trim().strip_prefix('v').ok_or("a value")?)?;
    // Tables are indexed by value; a text has no use for large numbers.
    if number < 1 << 24 {
        Ok(VReg(number))
    } else {
        Err("a smaller number")
    }
}

fn number<T: FromStr>(text: &str) -> Parsed<T> {
    text.trim().parse().map_err(|_| "a number")
}
