//! Where in a file something can be switched.

use core::ops::Range;
use std::collections::HashMap;

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, Ident, Pat};

/// What is switched, in bytes of the file.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// `left op right`.
    Binary {
        kind: Kind,
        left: Range<usize>,
        right: Range<usize>,
    },
    /// An operator before its operand.
    Unary { operand: Range<usize> },
    /// A pattern of `match`, and its guard.
    Arm {
        pattern: Range<usize>,
        guard: Option<Range<usize>>,
    },
    /// `name: value` of a struct whose other fields are those of a base.
    Field {
        field: Range<usize>,
        name: String,
        value: Range<usize>,
        base: Range<usize>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Value,
    Comparison,
    /// `&&` and `||`: true where the left side alone decides by being so.
    Lazy {
        decides: bool,
    },
    Assignment,
}

impl Place {
    pub(crate) const fn range(&self) -> Range<usize> {
        match self {
            Self::Binary { left, right, .. } => left.start..right.end,
            Self::Unary { operand } => operand.start - 1..operand.end, // operators of one byte
            Self::Field { field, .. } => field.start..field.end,
            Self::Arm {
                pattern,
                guard: Some(guard),
            } => pattern.start..guard.end,
            Self::Arm {
                pattern,
                guard: None,
            } => pattern.start..pattern.end,
        }
    }
}

/// The places of a file, by what cargo-mutants names them: the start of operator, arm, guard or field.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<(usize, usize), Place>);

impl Places {
    pub(crate) fn of(file: &syn::File) -> Self {
        let mut places = Self::default();
        places.visit_file(file);
        places
    }

    pub(crate) fn at(&self, start: LineColumn) -> Option<&Place> {
        self.0.get(&(start.line, start.column))
    }

    fn note(&mut self, named: impl Spanned, place: Place) {
        let start = named.span().start();
        self.0.insert((start.line, start.column), place);
    }
}

impl<'ast> Visit<'ast> for Places {
    fn visit_expr_binary(&mut self, expr: &'ast ExprBinary) {
        if let Some(kind) = kind(expr) {
            let (left, right) = (bytes(&expr.left), bytes(&expr.right));
            self.note(&expr.op, Place::Binary { kind, left, right });
        }
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast ExprUnary) {
        let operand = bytes(&expr.expr);
        if bytes(&expr.op).end == operand.start {
            self.note(&expr.op, Place::Unary { operand });
        }
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_struct(&mut self, expr: &'ast ExprStruct) {
        for (field, base) in expr.fields.iter().zip(expr.rest.iter().cycle()) {
            let syn::Member::Named(name) = &field.member else {
                continue;
            };
            let place = Place::Field {
                field: bytes(field),
                name: name.to_string(),
                value: bytes(&field.expr),
                base: bytes(base),
            };
            self.note(field, place);
        }
        visit::visit_expr_struct(self, expr);
    }

    fn visit_expr_match(&mut self, expr: &'ast ExprMatch) {
        let open = expr.arms.iter().any(takes_the_rest);
        for arm in &expr.arms {
            let guard = arm.guard.as_ref().map(|(_, guard)| guard);
            let place = Place::Arm {
                pattern: bytes(&arm.pat),
                guard: guard.map(bytes),
            };
            if let Some(guard) = guard {
                self.note(guard, place.clone());
            }
            if open && !takes_the_rest(arm) {
                self.note(&arm.pat, place);
            }
        }
        visit::visit_expr_match(self, expr);
    }
}

/// Whether the arms before this one may be missing.
fn takes_the_rest(arm: &Arm) -> bool {
    let binds_all = |name: &Ident| name.to_string().starts_with(char::is_lowercase);
    let is_rest = match &arm.pat {
        Pat::Wild(_) => true,
        Pat::Ident(name) => name.subpat.is_none() && binds_all(&name.ident),
        _ => false,
    };
    is_rest && arm.guard.is_none()
}

/// None for a link of a chain of `let`, which is no expression.
fn kind(expr: &ExprBinary) -> Option<Kind> {
    use BinOp::{
        AddAssign, And, BitAndAssign, BitOrAssign, BitXorAssign, DivAssign, Eq, Ge, Gt, Le, Lt,
        MulAssign,
    };
    use BinOp::{Ne, Or, RemAssign, ShlAssign, ShrAssign, SubAssign};
    match expr.op {
        And(_) if binds(&expr.left) || binds(&expr.right) => None,
        And(_) => Some(Kind::Lazy { decides: false }),
        Or(_) => Some(Kind::Lazy { decides: true }),
        Eq(_) | Ne(_) | Lt(_) | Le(_) | Gt(_) | Ge(_) => Some(Kind::Comparison),
        AddAssign(_) | SubAssign(_) | MulAssign(_) | DivAssign(_) | RemAssign(_)
        | BitAndAssign(_) | BitOrAssign(_) | BitXorAssign(_) | ShlAssign(_) | ShrAssign(_) => {
            Some(Kind::Assignment)
        }
        _ => Some(Kind::Value),
    }
}

fn binds(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(ExprBinary {
            op: BinOp::And(_),
            left,
            right,
            ..
        }) => binds(left) || binds(right),
        _ => false,
    }
}

fn bytes(part: &impl Spanned) -> Range<usize> {
    part.span().byte_range()
}
