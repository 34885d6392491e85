//! What is known of a request before it is served.

use std::any::type_name;
use std::borrow::Cow;

use http::request::Parts;
use pynba_runtime::{Current, Entered, Tags};

use crate::layer::Settings;
use crate::{foreign, host, schema};

type Text = Cow<'static, str>;

/// Servers keep as many bytes of a script name.
const MAX_NAME: usize = 128;

/// Whether axum is somewhere in a service, and names its routes.
///
/// That type names look like this is no promise of the compiler's. If they looked different, requests would be
/// named by their paths, and the tests fail.
pub(crate) fn is_routed<S>() -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    cfg!(feature = "axum")
        && type_name::<S>()
            .split(|c| !is_of_name(c))
            .any(|word| word == "axum" || word == "axum_core")
}

/// The route that axum matched.
#[cfg(feature = "axum")]
pub(crate) fn route(extensions: &http::Extensions) -> Option<String> {
    extensions.get::<axum::extract::MatchedPath>().map(|path| path.as_str().to_owned())
}

#[cfg(not(feature = "axum"))]
pub(crate) fn route(_: &http::Extensions) -> Option<String> {
    None
}

impl Settings {
    /// Whether the request is one to be reported.
    pub(crate) fn takes(&self, parts: &Parts) -> bool {
        let Some(filter) = &self.filter else { return true };
        foreign::run(|| filter(parts)).unwrap_or(true)
    }

    /// Says everything that is known; gives whether the request has a name of its own.
    pub(crate) fn describe(&self, entered: &Entered<'_>, parts: &Parts, is_routed: bool) -> bool {
        let request = entered.current();
        let name = self.name(parts, is_routed);
        let is_named = name.is_some();
        if let Some(prefix) = &self.prefix {
            entered.set_prefix(prefix.clone());
        }
        request.set_script_name(name.unwrap_or_else(|| self.unmatched.clone()));
        if let Some(host) = host::of(parts).filter(|host| self.knows(host)) {
            request.set_server_name(host);
        }
        if let Some(schema) = schema::of(parts, self.trust_forwarded) {
            request.set_schema(schema);
        }
        if let Some(tags) = &self.tags {
            foreign::run(|| set_tags(request, &tags(parts)));
        }
        is_named
    }

    /// `None` for a request that axum has no route for, as far as can be seen from here.
    fn name(&self, parts: &Parts, is_routed: bool) -> Option<Text> {
        let chosen = self.script_name.as_ref().and_then(|name| foreign::run(|| name(parts)));
        chosen
            .filter(|name| !name.is_empty())
            .or_else(|| route(&parts.extensions).map(Cow::Owned))
            .or_else(|| if is_routed { None } else { path(parts) })
    }

    fn knows(&self, host: &str) -> bool {
        self.server_names.as_ref().is_none_or(|names| names.iter().any(|name| name == host))
    }
}

/// As far as servers keep it. `CONNECT` has none.
fn path(parts: &Parts) -> Option<Text> {
    let path = parts.uri.path();
    let end = (0..=path.len().min(MAX_NAME)).rev().find(|&end| path.is_char_boundary(end))?;
    (end > 0).then(|| Cow::Owned(path[..end].to_owned()))
}

fn set_tags(request: Current, tags: &Tags) {
    let pairs: Vec<_> = tags.iter().collect();
    // Those of one name stand together: it is set once, with all its values.
    for of_one in pairs.chunk_by(|one, next| one.0 == next.0) {
        let values: Vec<_> = of_one.iter().map(|(_, value)| *value).collect();
        request.tag(of_one[0].0.to_owned(), values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str) -> Parts {
        http::Request::get(uri).body(()).unwrap().into_parts().0
    }

    #[cfg(feature = "axum")]
    #[test]
    fn sees_axum_in_a_service() {
        assert!(is_routed::<axum::Router>());
        assert!(is_routed::<Vec<axum::Router<String>>>());
        assert!(is_routed::<fn(axum::body::Body)>(), "of a boxed service that is all there is");
        assert!(!is_routed::<Vec<http::Request<String>>>());
    }

    #[test]
    fn cuts_a_long_path_at_a_character() {
        assert_eq!(path(&parts("/index?query")).as_deref(), Some("/index"));
        let long = format!("/{}é", "a".repeat(MAX_NAME - 2));
        assert_eq!(path(&parts(&long)).as_deref(), Some(&long[..MAX_NAME - 1]));
        assert_eq!(path(&parts("*")).as_deref(), Some("*"));
        assert_eq!(path(&parts("a.example:80")), None);
    }
}
