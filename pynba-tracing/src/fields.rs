//! The fields of spans: tags of timers, and what a request says of itself.

use std::borrow::Cow;
use std::fmt::Debug;

use pynba_runtime::__rt::Pairs;
use pynba_runtime::Current;
use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};

use crate::text::{cut, with_text};

/// Which fields are looked at.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// These become tags.
    pub(crate) tags: Vec<Cow<'static, str>>,
    pub(crate) script_name: Option<Cow<'static, str>>,
    pub(crate) status: Option<Cow<'static, str>>,
}

impl Fields {
    pub(crate) fn is_tag(&self, field: &Field) -> bool {
        self.tags.iter().any(|name| name == field.name())
    }

    fn is_script_name(&self, field: &Field) -> bool {
        self.script_name.as_ref().is_some_and(|name| name == field.name())
    }

    fn is_status(&self, field: &Field) -> bool {
        self.status.as_ref().is_some_and(|name| name == field.name())
    }

    pub(crate) fn are_none(&self) -> bool {
        self.tags.is_empty() && self.script_name.is_none() && self.status.is_none()
    }

    /// Whether the span is to record its status.
    pub(crate) fn have_status(&self, span: &Metadata<'_>) -> bool {
        self.status.as_ref().is_some_and(|name| span.fields().field(name.as_ref()).is_some())
    }
}

/// Writes the tags of a timer or request that is being made.
pub(crate) struct OfNew<'a, 'b> {
    pub(crate) fields: &'a Fields,
    pub(crate) pairs: &'a mut Pairs<'b>,
}

impl Visit for OfNew<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.fields.is_tag(field) {
            self.pairs.add_named(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.fields.is_tag(field) {
            self.pairs.debug_named(field.name(), value);
        }
    }
}

/// Gives the tags of a timer to `set`, as text.
pub(crate) struct OfTimer<'a, F> {
    pub(crate) fields: &'a Fields,
    pub(crate) set: F,
}

impl<F: FnMut(&'static str, &str)> Visit for OfTimer<'_, F> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.fields.is_tag(field) {
            (self.set)(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.fields.is_tag(field) {
            with_text(value, |text| (self.set)(field.name(), text));
        }
    }
}

/// Tells a request.
pub(crate) struct OfRequest<'a> {
    fields: &'a Fields,
    request: Current,
    tags: bool,
    /// Whether it was told its status.
    pub(crate) has_status: bool,
}

impl<'a> OfRequest<'a> {
    pub(crate) fn new(fields: &'a Fields, request: Current) -> Self {
        Self { fields, request, tags: true, has_status: false }
    }

    /// All but the tags.
    pub(crate) fn untagged(fields: &'a Fields, request: Current) -> Self {
        Self { tags: false, ..Self::new(fields, request) }
    }

    fn is_tag(&self, field: &Field) -> bool {
        self.tags && self.fields.is_tag(field)
    }
}

impl Visit for OfRequest<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.fields.is_script_name(field) {
            self.request.set_script_name(cut(value).to_owned());
        }
        if self.fields.is_status(field)
            && let Some(status) = status(value)
        {
            self.request.set_status(status);
            self.has_status = true;
        }
        if self.is_tag(field) {
            self.request.tag(field.name(), value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let fields = self.fields;
        if self.is_tag(field) || fields.is_script_name(field) || fields.is_status(field) {
            with_text(value, |text| self.record_str(field, text));
        }
    }
}

/// The number that the text begins with: a status is recorded as a number, or as `404 Not Found`.
fn status(text: &str) -> Option<u32> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_status() {
        assert_eq!(status("404"), Some(404));
        assert_eq!(status("404 Not Found"), Some(404));
        for none in ["", "OK", "-1", "99999999999"] {
            assert_eq!(status(none), None, "{none}");
        }
    }
}
