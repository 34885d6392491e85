//! The value of a tag: a literal, a list, a map, or any expression.

use crate::literal;
use crate::lookahead;
use crate::name::Name;
use crate::problems::Problems;
use crate::skip;
use crate::tags::{self, Entry, Place};
use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Expr, ExprPath, Lit, Token, UnOp, braced, bracketed};

pub(crate) enum Value {
    /// A literal, as the text that is sent.
    Text(String),
    Dynamic(How, Box<Expr>),
    List(Vec<Value>),
    Map(Vec<Entry>),
}

/// Which method of the runtime's `Pairs` takes the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Value,
    Display,
    Debug,
}

impl Value {
    /// `name` alone is short for `name = name`.
    pub(crate) fn variable(name: &Ident) -> Self {
        let path = name.clone().into();
        Self::dynamic(How::Value, Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path }))
    }

    /// Stands for a value whose absence has been recorded.
    pub(crate) fn missing() -> Self {
        Self::Text(String::new())
    }

    fn dynamic(how: How, expr: Expr) -> Self {
        Self::Dynamic(how, Box::new(expr))
    }

    /// The name is for the errors.
    pub(crate) fn parse(
        input: ParseStream<'_>,
        name: &Name,
        problems: &mut Problems,
    ) -> syn::Result<Self> {
        if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
            return Ok(Self::dynamic(How::Display, input.parse()?));
        }
        if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
            return Ok(Self::dynamic(How::Debug, input.parse()?));
        }
        if lookahead::is_list(input.cursor()) {
            return list(input, name, problems);
        }
        if lookahead::is_map(input.cursor()) {
            return map(input, name, problems);
        }
        Ok(Self::from_expr(input.parse()?, name, problems))
    }

    /// Finds the literals in what may have come as one `$x:expr` or stand in parentheses.
    fn from_expr(expr: Expr, name: &Name, problems: &mut Problems) -> Self {
        match expr {
            Expr::Group(group) if group.attrs.is_empty() => {
                Self::from_expr(*group.expr, name, problems)
            }
            Expr::Paren(paren) if paren.attrs.is_empty() && is_literal(&paren.expr) => {
                Self::from_expr(*paren.expr, name, problems)
            }
            Expr::Array(array) if array.attrs.is_empty() => {
                if array.elems.is_empty() {
                    empty_list(&array, name, problems);
                }
                let items = array.elems.into_iter();
                Self::List(items.map(|item| Self::from_expr(item, name, problems)).collect())
            }
            expr => match as_literal(&expr, false) {
                Some((lit, negative)) => Self::Text(literal::text(lit, negative, problems)),
                None => Self::dynamic(How::Value, expr),
            },
        }
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Group(group) => is_literal(&group.expr),
        Expr::Paren(paren) => is_literal(&paren.expr),
        Expr::Array(_) => true,
        expr => as_literal(expr, false).is_some(),
    }
}

/// The literal that `expr` is, and whether it is negated.
fn as_literal(expr: &Expr, negative: bool) -> Option<(&Lit, bool)> {
    match expr {
        Expr::Lit(lit) if lit.attrs.is_empty() => Some((&lit.lit, negative)),
        Expr::Group(group) if group.attrs.is_empty() => as_literal(&group.expr, negative),
        Expr::Paren(paren) if paren.attrs.is_empty() => as_literal(&paren.expr, negative),
        Expr::Unary(unary) if unary.attrs.is_empty() && matches!(unary.op, UnOp::Neg(_)) => {
            // `-"a"` is the compiler's to reject, and `-x` is an expression.
            as_literal(&unary.expr, !negative)
                .filter(|(lit, _)| matches!(lit, Lit::Int(_) | Lit::Float(_)))
        }
        _ => None,
    }
}

fn list(input: ParseStream<'_>, name: &Name, problems: &mut Problems) -> syn::Result<Value> {
    let content;
    let bracket = bracketed!(content in input);
    if content.is_empty() {
        problems.add_at(bracket.span.join(), empty(name, "list", "[\"a\"]"));
    }
    let mut items = Vec::new();
    while !content.is_empty() {
        match Value::parse(&content, name, problems) {
            Ok(item) => items.push(item),
            Err(error) => {
                problems.absorb(error);
                skip::entry(&content);
            }
        }
        tags::comma(&content, Place::List, problems);
    }
    Ok(Value::List(items))
}

fn map(input: ParseStream<'_>, name: &Name, problems: &mut Problems) -> syn::Result<Value> {
    let content;
    let brace = braced!(content in input);
    if content.is_empty() {
        problems.add_at(brace.span.join(), empty(name, "map", "{ key = \"a\" }"));
    }
    Ok(Value::Map(tags::parse(&content, Place::Map, problems)))
}

fn empty_list(list: &syn::ExprArray, name: &Name, problems: &mut Problems) {
    problems.add(list, empty(name, "list", "[\"a\"]"));
}

fn empty(name: &Name, what: &str, instead: &str) -> String {
    let name = name.written();
    format!("this {what} is empty; write values, as in `{name} = {instead}`, or leave `{name}` out")
}
