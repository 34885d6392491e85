//! Tags as pairs: those that are known while compiling, and those that the program computes.

use crate::check::join;
use crate::tags::Entry;
use crate::value::{How, Value};
use std::collections::BTreeSet;
use syn::Expr;

#[derive(Default)]
pub(crate) struct Flat {
    /// Sorted by name, then value, in byte order, each once: what the server is sent.
    pub(crate) fixed: BTreeSet<(String, String)>,
    /// In the order written, which is the order of evaluation.
    pub(crate) dynamic: Vec<Dynamic>,
}

pub(crate) struct Dynamic {
    pub(crate) name: String,
    pub(crate) how: How,
    pub(crate) expr: Expr,
}

pub(crate) fn flatten(entries: Vec<Entry>) -> Flat {
    let mut flat = Flat::default();
    for Entry { name, value } in entries {
        flat.add(&name.text, value);
    }
    flat
}

impl Flat {
    fn add(&mut self, name: &str, value: Value) {
        match value {
            Value::Text(text) => {
                self.fixed.insert((name.to_owned(), text));
            }
            Value::Dynamic(how, expr) => {
                self.dynamic.push(Dynamic { name: name.to_owned(), how, expr: *expr });
            }
            Value::List(items) => items.into_iter().for_each(|item| self.add(name, item)),
            Value::Map(entries) => {
                for entry in entries {
                    self.add(&join(name, &entry.name.text), entry.value);
                }
            }
        }
    }
}
