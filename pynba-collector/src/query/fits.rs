//! Whether a single request fits: reports have a faster way for many of them.

use super::{Field, Filter, Key, Pattern, Query, Test};

use crate::snapshot::{Request, Timer};
use crate::text::Text;

impl Query {
    /// Whether the request is one that the filters ask for: with all of what they say about timers being true of one of
    /// its timers.
    #[must_use]
    pub fn fits(&self, request: &Request<'_>) -> bool {
        let filters = self.filters();
        filters.iter().all(|filter| filter.fits_request(request))
            && (!filters.iter().any(Filter::is_about_timers)
                || request
                    .timers()
                    .any(|timer| filters.iter().all(|filter| filter.fits_timer(&timer))))
    }
}

impl Filter {
    fn is_about_timers(&self) -> bool {
        matches!(self.test, Test::Text { of: Key::TimerTag(_), .. })
    }

    /// Whatever its timers are.
    fn fits_request(&self, request: &Request<'_>) -> bool {
        match &self.test {
            Test::Number(test) => test.fits(request.row()),
            Test::Text { of: Key::Field(field), is, negated } => {
                let fits = match field {
                    Field::Script => is.fits(request.script_name().as_bytes()),
                    Field::Server => is.fits(request.server_name().as_bytes()),
                    Field::Host => is.fits(request.hostname().as_bytes()),
                    Field::Schema => is.fits(request.schema().as_bytes()),
                    Field::Status => is.fits(request.status().to_string().as_bytes()),
                };
                fits != *negated
            }
            Test::Text { of: Key::RequestTag(name), is, negated } => {
                has(request.tags(), name, is) != *negated
            }
            Test::Text { of: Key::TimerTag(_), .. } => true,
        }
    }

    /// Whatever its request is.
    fn fits_timer(&self, timer: &Timer<'_>) -> bool {
        match &self.test {
            Test::Text { of: Key::TimerTag(name), is, negated } => {
                has(timer.tags(), name, is) != *negated
            }
            _ => true,
        }
    }
}

fn has<'a>(mut tags: impl Iterator<Item = (Text<'a>, Text<'a>)>, name: &str, is: &Pattern) -> bool {
    tags.any(|(of, value)| of.to_str() == name && is.fits(value.as_bytes()))
}
