//! The packet as a receiver sees it: Pinba's message with its 23 fields, decoded from bytes.
//!
//! Requests are *sent* without this message (the encoder writes straight from memory). It is here
//! for tests, for tools that read packets, and as the reference that the encoder is checked
//! against.
//!
//! It is what `prost`'s derive would make of `proto/pinba.proto`, written by hand so that nobody
//! builds `prost-derive` or needs `protoc`. A test compiles the `.proto` and compares the two.

mod read;
mod validate;

pub use prost::{DecodeError, Message};

pub use self::read::Timer;
pub use self::validate::Invalid;

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, float, message, skip_field, string, uint32};

/// What one label and type mean: as a Rust type, written, measured, and read.
macro_rules! field {
    (type required string) => { String };
    (type required uint32) => { u32 };
    (type required float) => { f32 };
    (type required message) => { Request };
    (type optional $kind:ident) => { Option<field!(type required $kind)> };
    (type repeated $kind:ident) => { Vec<field!(type required $kind)> };

    // proto2: what is required is written even when it is zero or empty.
    (encode required $kind:ident, $number:literal, $value:expr, $buf:ident) => {
        $kind::encode($number, &$value, $buf)
    };
    (encode optional $kind:ident, $number:literal, $value:expr, $buf:ident) => {
        if let Some(value) = &$value {
            $kind::encode($number, value, $buf);
        }
    };
    (encode repeated $kind:ident, $number:literal, $value:expr, $buf:ident) => {
        $kind::encode_repeated($number, &$value, $buf)
    };

    (len required $kind:ident, $number:literal, $value:expr) => {
        $kind::encoded_len($number, &$value)
    };
    (len optional $kind:ident, $number:literal, $value:expr) => {
        $value.as_ref().map_or(0, |value| $kind::encoded_len($number, value))
    };
    (len repeated $kind:ident, $number:literal, $value:expr) => {
        $kind::encoded_len_repeated($number, &$value)
    };

    (merge required $kind:ident, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        $kind::merge($wire, &mut $value, $buf, $context)
    };
    (merge optional $kind:ident, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        $kind::merge($wire, $value.get_or_insert_default(), $buf, $context)
    };
    // Packed numbers are read as well: proto2 demands it of every parser.
    (merge repeated $kind:ident, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        $kind::merge_repeated($wire, &mut $value, $buf, $context)
    };
}

/// Turns the table below, which reads like the `.proto`, into a struct and its [`Message`].
macro_rules! message {
    (
        $(#[$about:meta])*
        message $name:ident {
            $( $(#[$doc:meta])* $label:ident $kind:ident $field:ident = $number:literal; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[$doc])* pub $field: field!(type $label $kind), )*
        }

        impl Message for $name {
            fn encode_raw(&self, buf: &mut impl BufMut) {
                $( field!(encode $label $kind, $number, self.$field, buf); )*
            }

            fn merge_field(
                &mut self,
                number: u32,
                wire: WireType,
                buf: &mut impl Buf,
                context: DecodeContext,
            ) -> Result<(), DecodeError> {
                let (merged, name) = match number {
                    $( $number => (
                        field!(merge $label $kind, self.$field, wire, buf, context),
                        stringify!($field),
                    ), )*
                    _ => return skip_field(wire, number, buf, context),
                };
                merged.map_err(|mut error| {
                    error.push(stringify!($name), name);
                    error
                })
            }

            fn encoded_len(&self) -> usize {
                0 $( + field!(len $label $kind, $number, self.$field) )*
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
}

message! {
    /// One packet: a request with its timers and tags.
    ///
    /// Words are stored once, in [`dictionary`](Self::dictionary), and everything else names them
    /// by their index there; [`timers`](Self::timers) and [`tags`](Self::tags) put the words back.
    ///
    /// Text is `String`: a packet whose text is not UTF-8 does not decode.
    ///
    /// ```
    /// use pynba_runtime::proto::{Message, Request};
    ///
    /// let sent = Request {
    ///     hostname: "web1".into(),
    ///     request_time: 0.25,
    ///     timer_hit_count: vec![1],
    ///     timer_value: vec![0.125],
    ///     timer_tag_count: vec![1],
    ///     timer_tag_name: vec![0],
    ///     timer_tag_value: vec![1],
    ///     dictionary: vec!["group".into(), "db".into()],
    ///     ..Request::default()
    /// };
    /// let received = Request::decode(sent.encode_to_vec().as_slice())?;
    /// assert_eq!(received, sent);
    /// assert_eq!(received.validate(), Ok(()));
    ///
    /// let timer = received.timers().next().unwrap();
    /// assert_eq!((timer.value, timer.tags), (0.125, vec![("group", "db")]));
    /// # Ok::<(), pynba_runtime::proto::DecodeError>(())
    /// ```
    message Request {
        /// The machine that did the work.
        required string hostname = 1;
        /// The site: a virtual host or a service.
        required string server_name = 2;
        /// What was asked for: a path, or a handler's name.
        required string script_name = 3;
        /// Requests in this packet; servers count each packet as one.
        required uint32 request_count = 4;
        /// Size of the response, bytes.
        required uint32 document_size = 5;
        /// Peak memory, bytes.
        required uint32 memory_peak = 6;
        /// Wall time of the request, seconds.
        required float request_time = 7;
        /// CPU time in user mode during the request, seconds.
        required float ru_utime = 8;
        /// CPU time in the kernel during the request, seconds.
        required float ru_stime = 9;
        /// For each timer, how often it ran: at least 1.
        repeated uint32 timer_hit_count = 10;
        /// For each timer, its time over all hits, seconds.
        repeated float timer_value = 11;
        /// For each timer, how many of the next two arrays' entries are its own.
        repeated uint32 timer_tag_count = 12;
        /// Names of all timers' tags, one timer after the other: ids.
        repeated uint32 timer_tag_name = 13;
        /// Values of all timers' tags, one timer after the other: ids.
        repeated uint32 timer_tag_value = 14;
        /// The words that ids stand for; id 0 is the first.
        repeated string dictionary = 15;
        /// HTTP status, or what stands for it.
        optional uint32 status = 16;
        /// Resident memory, bytes.
        optional uint32 memory_footprint = 17;
        /// Further requests, each with its own dictionary. Servers drop them or lose their timers.
        repeated message requests = 18;
        /// How the request was made: `http`, `https`.
        optional string schema = 19;
        /// Names of the request's own tags: ids.
        repeated uint32 tag_name = 20;
        /// Values of the request's own tags: ids.
        repeated uint32 tag_value = 21;
        /// For each timer, CPU time in user mode, seconds; or empty.
        repeated float timer_ru_utime = 22;
        /// For each timer, CPU time in the kernel, seconds; or empty.
        repeated float timer_ru_stime = 23;
    }
}

impl Request {
    /// Decodes one packet: [`Message::decode`], without the trait in scope.
    ///
    /// Like every `prost` message it takes a missing required field for zero or empty, and skips
    /// fields that it does not know. What is in the packet is checked by
    /// [`validate`](Self::validate).
    ///
    /// ```
    /// use pynba_runtime::proto::Request;
    ///
    /// assert_eq!(Request::decode(&b"\x0a\x04web1"[..])?.hostname, "web1");
    /// assert!(Request::decode(&b"\x0a\x05web1"[..]).is_err());
    /// # Ok::<(), pynba_runtime::proto::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the bytes are no such message: cut off, a field of the wrong type, text that is not
    /// UTF-8, requests nested more than a hundred deep.
    pub fn decode(packet: impl Buf) -> Result<Self, DecodeError> {
        Message::decode(packet)
    }
}
