//! What rows of a report are told apart by.

use std::fmt;
use std::str::FromStr;

use super::QueryError;

/// A property of requests or timers that tells the rows of a report apart.
///
/// Written as in pinba2, `~script`, `+tag` for a tag of the request, `@tag` for a tag of timers; or in plain words,
/// `script`. Of a tag that is there several times the first value counts, as in both servers; requests and timers
/// without it are in no row.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Key {
    /// What every request has.
    Field(Field),
    /// The value of the request's tag of this name.
    RequestTag(String),
    /// The value of the timer's tag of this name.
    TimerTag(String),
}

/// What every request has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Field {
    /// What was asked for.
    Script,
    /// The site: a virtual host or a service.
    Server,
    /// The machine that did the work.
    Host,
    /// How it was called, such as `https`.
    Schema,
    /// The HTTP status, or what stands for it.
    Status,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Script, Self::Server, Self::Host, Self::Schema, Self::Status];

    /// As it is written in a query.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Server => "server",
            Self::Host => "host",
            Self::Schema => "schema",
            Self::Status => "status",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        // As the packet's fields are called, and Pinba's tables.
        let name = match name {
            "script_name" => "script",
            "server_name" => "server",
            "hostname" => "host",
            name => name,
        };
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

impl Key {
    /// `script`
    pub const SCRIPT: Self = Self::Field(Field::Script);
    /// `server`
    pub const SERVER: Self = Self::Field(Field::Server);
    /// `host`
    pub const HOST: Self = Self::Field(Field::Host);
    /// `schema`
    pub const SCHEMA: Self = Self::Field(Field::Schema);
    /// `status`
    pub const STATUS: Self = Self::Field(Field::Status);

    /// `+name`
    pub fn request_tag(name: impl Into<String>) -> Self {
        Self::RequestTag(name.into())
    }

    /// `@name`
    pub fn timer_tag(name: impl Into<String>) -> Self {
        Self::TimerTag(name.into())
    }
}

impl FromStr for Key {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        if text.is_empty() {
            return Err(QueryError("a key is missing; write such as `script,@group`".to_owned()));
        }
        match text.split_at_checked(1) {
            Some(("+" | "@", "")) => Err(QueryError(format!(
                "`{text}` is no key: write the tag's name behind it, `{text}name`"
            ))),
            Some(("+", name)) => Ok(Self::request_tag(name)),
            Some(("@", name)) => Ok(Self::timer_tag(name)),
            _ => {
                let field = Field::from_name(text.strip_prefix('~').unwrap_or(text));
                field.map(Self::Field).ok_or_else(|| {
                    QueryError(format!(
                        "unknown key `{text}`; write `script`, `server`, `host`, `schema` or `status`, `+{text}` for a \
                         tag of requests, `@{text}` for a tag of timers"
                    ))
                })
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.name()),
            Self::RequestTag(name) => write!(f, "+{name}"),
            Self::TimerTag(name) => write!(f, "@{name}"),
        }
    }
}
