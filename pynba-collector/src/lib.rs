// The README's picture: of two addresses for one name the first one counts.
#![doc = include_str!("picture.md")]
#![doc = include_str!("../README.md")]

mod collector;
mod counts;
mod histogram;
pub mod packet;
mod query;
mod receive;
mod report;
mod snapshot;
mod store;
mod successors;
mod text;
mod words;

pub use self::collector::{Collector, CollectorBuilder, StartError};
pub use self::counts::Counts;
pub use self::histogram::{Histogram, RELATIVE_ERROR};
pub use self::query::{Comparison, Field, Filter, Key, Keys, Number, Query, QueryError};
pub use self::receive::{BindError, SmallBuffer};
pub use self::report::{MOST_ROWS, Report, Row, Step, Timeline};
pub use self::snapshot::{Kept, Request, Snapshot, Timer};
pub use self::store::{Limits, Store};
pub use self::text::Text;
pub use self::words::{LONGEST_TEXT, OTHER};
