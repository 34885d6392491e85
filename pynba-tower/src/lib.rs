#![doc = include_str!("../README.md")]

mod body;
mod describe;
mod foreign;
mod future;
mod host;
mod layer;
mod schema;
mod service;

pub use self::body::ResponseBody;
pub use self::future::ResponseFuture;
pub use self::layer::PynbaLayer;
pub use self::service::PynbaService;
