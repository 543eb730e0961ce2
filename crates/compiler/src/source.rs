//! A parsed and resolved chunk as both code generators see it: the order of its functions, constant
//! expressions, and the names that error messages give to operands.

use perilune_frontend::ast::{BinaryOp, Chunk, Expr, ExprId, FuncId, TableItem, UnaryOp};
use perilune_frontend::{Binding, Constant, EnvBinding, FunctionInfo, LocalId, NameId, Names, Resolution};
use perilune_lang::{Num, fold_arith};

use la_arena::ArenaMap;

/// The number of positional items that one `set_list` stores.
pub(crate) const LIST_BATCH: usize = 50;

/// So many constants of a function can be named by the reference's instruction for methods, with names of this length.
pub(crate) const METHOD_CONSTANTS: usize = 256;
pub(crate) const METHOD_LENGTH: usize = 40;

/// Array and record sizes of constructors are hints, so larger ones are cut to what an operand holds.
pub(crate) fn size_hint(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// A chunk with its resolution.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The tree.
    pub chunk: &'a Chunk,
    /// What its names mean.
    pub names: &'a Resolution,
}

impl Source<'_> {
    /// The named vararg parameter of a function whose extra arguments have to be a table.
    pub(crate) fn vararg_table(&self, info: &FunctionInfo) -> Option<LocalId> {
        // Globals are read and written through a parameter with the name of the environment.
        let is_env = |local: LocalId| self.bytes(self.names.locals[local].name) == b"_ENV";
        info.vararg.filter(|&local| info.needs_vararg_table || is_env(local))
    }

    /// Whether `expr` is the named vararg parameter of a function without such a table. The parameter is
    /// only indexed then.
    pub(crate) fn is_bare_vararg(&self, info: &FunctionInfo, expr: ExprId) -> bool {
        let Some(local) = info.vararg else { return false };
        let is_name = matches!(self.chunk.exprs[expr], Expr::Name(_));
        is_name
            && self.vararg_table(info).is_none()
            && matches!(self.names.binding(expr), Binding::Local(named) if named == local)
    }
}

/// What messages call an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) kind: NamedKind,
    pub(crate) name: NameText,
}

/// The kinds of names that operands have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedKind {
    Global,
    Local,
    Method,
    Field,
    Upvalue,
    Constant,
}

/// A name of the source, or what stands for a key that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameText {
    Source(NameId),
    Fixed(&'static str),
}

impl Named {
    pub(crate) fn new(kind: NamedKind, name: NameId) -> Named {
        Named {
            kind,
            name: NameText::Source(name),
        }
    }

    pub(crate) fn bytes<'a>(&self, source: &Source<'a>) -> &'a [u8] {
        match self.name {
            NameText::Source(name) => &source.chunk.names[name],
            NameText::Fixed(text) => text.as_bytes(),
        }
    }
}

impl<'a> Source<'a> {
    /// The functions in the order of the module: the main function first, each before its inner ones.
    pub(crate) fn function_order(&self) -> Vec<FuncId> {
        let mut order = Vec::with_capacity(self.chunk.functions.len());
        let mut work = vec![self.chunk.main];
        while let Some(func) = work.pop() {
            order.push(func);
            work.extend(self.names.function(func).children.iter().rev());
        }
        order
    }

    /// The number of each function in the module.
    pub(crate) fn function_numbers(&self) -> ArenaMap<FuncId, u32> {
        (0..)
            .zip(self.function_order())
            .map(|(number, func)| (func, number))
            .collect()
    }

    /// The name that tracebacks show for a function when its caller gives none.
    pub(crate) fn bytes(&self, name: NameId) -> &'a [u8] {
        &self.chunk.names[name]
    }

    /// Whether the chunk names what can see when the collector frees an object: then a local keeps its
    /// value alive to the end of its scope, as in the reference; else until it is last used.
    pub(crate) fn watches_collector(&self) -> bool {
        let names = &self.chunk.names;
        [&b"__mode"[..], b"__gc", b"collectgarbage"]
            .iter()
            .any(|name| names.get(name).is_some())
    }

    /// The constant that an expression without operators is.
    pub(crate) fn literal(&self, expr: ExprId) -> Option<Constant> {
        match self.chunk.exprs[expr] {
            Expr::Nil => Some(Constant::Nil),
            Expr::True => Some(Constant::Bool(true)),
            Expr::False => Some(Constant::Bool(false)),
            Expr::Integer(n) => Some(Constant::Integer(n)),
            Expr::Float(x) => Some(Constant::Float(x)),
            Expr::String(s) => Some(Constant::String(s)),
            Expr::Paren(inner) => self.literal(inner),
            Expr::Name(_) => match self.names.binding(expr) {
                Binding::Constant(local) => self.names.locals[local].constant,
                _ => None,
            },
            _ => None,
        }
    }

    /// The expression inside of parentheses.
    pub(crate) fn unparen(&self, mut expr: ExprId) -> ExprId {
        while let Expr::Paren(inner) = self.chunk.exprs[expr] {
            expr = inner;
        }
        expr
    }

    /// Whether an expression may give several values.
    pub(crate) fn is_multi(&self, expr: ExprId) -> bool {
        matches!(
            self.chunk.exprs[expr],
            Expr::Call { .. } | Expr::MethodCall { .. } | Expr::Vararg
        )
    }

    /// How many elements a constructor with so many positional items makes room for: a call at its end mostly gives
    /// one value, but `...` any number.
    pub(crate) fn array_hint(&self, items: &[TableItem], positional: usize) -> usize {
        let varargs = matches!(items.last(), Some(TableItem::Positional(last)) if matches!(self.chunk.exprs[*last], Expr::Vararg));
        positional - usize::from(varargs)
    }

    /// How many fields a constructor with so many keyed items makes room for: an even number, so that a field that comes
    /// later often needs no new block.
    pub(crate) fn record_hint(&self, keyed: usize) -> usize {
        if keyed > 2 { keyed.next_multiple_of(2) } else { keyed }
    }

    /// The left part that is evaluated before all others of an expression, where chains may be long.
    /// Short-circuit operators and concatenation have their own ways.
    pub(crate) fn left_part(&self, expr: ExprId) -> Option<ExprId> {
        match &self.chunk.exprs[expr] {
            Expr::Binary {
                op: BinaryOp::And | BinaryOp::Or | BinaryOp::Concat,
                ..
            } => None,
            Expr::Binary { lhs, .. } => Some(*lhs),
            Expr::Field { object, .. } | Expr::Index { object, .. } | Expr::MethodCall { object, .. } => Some(*object),
            Expr::Call { callee, .. } => Some(*callee),
            Expr::Paren(inner) => Some(*inner),
            _ => None,
        }
    }

    /// The expression at the bottom of a left-nested chain; appends the chain above it, outermost first.
    pub(crate) fn spine(&self, expr: ExprId, chain: &mut Vec<ExprId>) -> ExprId {
        let mut at = expr;
        while let Some(left) = self.left_part(at) {
            chain.push(at);
            at = left;
        }
        at
    }

    /// The operands of a chain `a and b and ...` (or `or`) that nests to the left, in order.
    pub(crate) fn logical_chain(&self, expr: ExprId, wanted: BinaryOp) -> Vec<ExprId> {
        let operands = self.logical_places(expr, wanted, 0).into_iter();
        operands.map(|(operand, _)| operand).collect()
    }

    /// As [`logical_chain`](Self::logical_chain), each with the line of the operator behind it, where its truth is
    /// tested; of the last one, that is `last`.
    pub(crate) fn logical_places(&self, expr: ExprId, wanted: BinaryOp, last: u32) -> Vec<(ExprId, u32)> {
        let mut operands = Vec::new();
        let (mut at, mut line) = (expr, last);
        loop {
            match self.chunk.exprs[at] {
                Expr::Binary { op, lhs, rhs } if op == wanted => {
                    operands.push((rhs, line));
                    line = self.chunk.line(at);
                    at = lhs;
                }
                _ => break,
            }
        }
        operands.push((at, line));
        operands.reverse();
        operands
    }

    /// The operands of a chain `a .. b .. c`, which nests to the right, in order.
    pub(crate) fn concat_chain(&self, expr: ExprId) -> Vec<ExprId> {
        let mut operands = Vec::new();
        let mut at = expr;
        while let Expr::Binary {
            op: BinaryOp::Concat,
            lhs,
            rhs,
        } = self.chunk.exprs[at]
        {
            operands.push(lhs);
            at = rhs;
        }
        operands.push(at);
        operands
    }

    /// The last operator of a chain `a .. b .. c`, where the concatenation happens.
    pub(crate) fn concat_last(&self, mut node: ExprId) -> ExprId {
        while let Expr::Binary { rhs, .. } = self.chunk.exprs[node]
            && matches!(
                self.chunk.exprs[rhs],
                Expr::Binary {
                    op: BinaryOp::Concat,
                    ..
                }
            )
        {
            node = rhs;
        }
        node
    }

    /// What messages call a method. Since 5.5, the reference looks up as fields those whose names are long or come late among
    /// the function's constants.
    pub(crate) fn method_name(&self, name: NameId, as_field: bool) -> Named {
        let kind = if as_field && self.chunk.std.number() >= 505 {
            NamedKind::Field
        } else {
            NamedKind::Method
        };
        Named::new(kind, name)
    }

    /// What messages call the value of an expression that is an operand.
    pub(crate) fn operand_name(&self, func: FuncId, expr: ExprId) -> Option<Named> {
        let expr = self.unparen(expr);
        match self.chunk.exprs[expr] {
            Expr::String(s) => Some(Named::new(NamedKind::Constant, s)),
            Expr::Name(name) => match self.names.binding(expr) {
                Binding::Local(_) => Some(Named::new(NamedKind::Local, name)),
                Binding::Upvalue(_) => Some(Named::new(NamedKind::Upvalue, name)),
                Binding::Constant(local) => match self.names.locals[local].constant {
                    Some(Constant::String(s)) => Some(Named::new(NamedKind::Constant, s)),
                    _ => None,
                },
                Binding::Global { name, env } => Some(Named::new(self.global_kind(env), name)),
            },
            Expr::Field { object, name } => Some(Named::new(self.field_kind(func, object), name)),
            Expr::Index { object, key } => {
                let name = match self.literal(key) {
                    Some(Constant::String(s)) => NameText::Source(s),
                    // The reference has an instruction of its own for these keys, and calls them so.
                    Some(Constant::Integer(0..=255)) if !self.is_bare_vararg(self.names.function(func), object) => {
                        return Some(Named {
                            kind: NamedKind::Field,
                            name: NameText::Fixed("integer index"),
                        });
                    }
                    _ => NameText::Fixed("?"),
                };
                Some(Named {
                    kind: self.field_kind(func, object),
                    name,
                })
            }
            _ => None,
        }
    }

    fn global_kind(&self, env: EnvBinding) -> NamedKind {
        match env {
            EnvBinding::Constant(_) => NamedKind::Field,
            EnvBinding::Local(_) | EnvBinding::Upvalue(_) => NamedKind::Global,
        }
    }

    /// A field of a variable called `_ENV` counts as a global.
    fn field_kind(&self, _func: FuncId, object: ExprId) -> NamedKind {
        let object = self.unparen(object);
        match self.chunk.exprs[object] {
            Expr::Name(Names::ENV) => match self.names.binding(object) {
                Binding::Local(_) | Binding::Upvalue(_) => NamedKind::Global,
                _ => NamedKind::Field,
            },
            _ => NamedKind::Field,
        }
    }

    /// What messages call the environment that a global is looked up in.
    pub(crate) fn env_name(&self, env: EnvBinding) -> Option<Named> {
        match env {
            EnvBinding::Upvalue(_) => Some(Named::new(NamedKind::Upvalue, Names::ENV)),
            EnvBinding::Local(_) => Some(Named::new(NamedKind::Local, Names::ENV)),
            EnvBinding::Constant(_) => None,
        }
    }
}

/// Folds a binary operator on constants as the reference does.
pub(crate) fn fold_binary(op: BinaryOp, lhs: Constant, rhs: Constant) -> Option<Constant> {
    fold_arith(op.arith()?, number(lhs)?, number(rhs)?).map(from_number)
}

/// Folds a unary operator on a constant as the reference does.
pub(crate) fn fold_unary(op: UnaryOp, operand: Constant) -> Option<Constant> {
    match op {
        UnaryOp::Not => Some(Constant::Bool(!truthy(operand))),
        UnaryOp::Len => None,
        UnaryOp::Neg | UnaryOp::BNot => {
            let operand = number(operand)?;
            // The reference gives unary operations a second operand of integer 0.
            fold_arith(op.arith()?, operand, Num::Int(0)).map(from_number)
        }
    }
}

/// Whether a constant counts as true.
pub(crate) fn truthy(constant: Constant) -> bool {
    !matches!(constant, Constant::Nil | Constant::Bool(false))
}

fn number(constant: Constant) -> Option<Num> {
    match constant {
        Constant::Integer(n) => Some(Num::Int(n)),
        Constant::Float(x) => Some(Num::Float(x)),
        _ => None,
    }
}

fn from_number(number: Num) -> Constant {
    match number {
        Num::Int(n) => Constant::Integer(n),
        Num::Float(x) => Constant::Float(x),
    }
}
