//! A second decoder, slow and plain: `prost` reads the bytes, `Request::validate` judges them.
//!
//! `proto::Request` alone does not do: its text must be UTF-8, and it does not say which fields were there. The fuzz
//! target includes this file too.

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, bytes, float, skip_field, uint32};
use prost::{DecodeError, Message};
use pynba_collector::packet::Invalid;
use pynba_runtime::proto::{self, Request};

macro_rules! reference {
    (type required bytes) => { Option<Vec<u8>> };
    (type required uint32) => { Option<u32> };
    (type required float) => { Option<f32> };
    (type repeated bytes) => { Vec<Vec<u8>> };
    (type repeated uint32) => { Vec<u32> };
    (type repeated float) => { Vec<f32> };
    (type repeated requests) => { Vec<Reference> };

    (merge required $kind:ident, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        $kind::merge($wire, $value.get_or_insert_default(), $buf, $context)
    };
    (merge repeated requests, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        prost::encoding::message::merge_repeated($wire, &mut $value, $buf, $context)
    };
    (merge repeated $kind:ident, $value:expr, $wire:ident, $buf:ident, $context:ident) => {
        $kind::merge_repeated($wire, &mut $value, $buf, $context)
    };

    ($( $label:ident $kind:ident $field:ident = $number:literal; )*) => {
        /// A request as `prost` reads it, text of any bytes.
        #[derive(Debug, Default)]
        pub(crate) struct Reference {
            $( pub(crate) $field: reference!(type $label $kind), )*
        }

        impl Message for Reference {
            fn encode_raw(&self, _: &mut impl BufMut) {
                unimplemented!("it is only read")
            }

            fn merge_field(
                &mut self,
                number: u32,
                wire: WireType,
                buf: &mut impl Buf,
                context: DecodeContext,
            ) -> Result<(), DecodeError> {
                match number {
                    $( $number => reference!(merge $label $kind, self.$field, wire, buf, context), )*
                    _ => skip_field(wire, number, buf, context),
                }
            }

            fn encoded_len(&self) -> usize {
                unimplemented!("it is only read")
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    };
}

reference! {
    required bytes hostname = 1;
    required bytes server_name = 2;
    required bytes script_name = 3;
    required uint32 request_count = 4;
    required uint32 document_size = 5;
    required uint32 memory_peak = 6;
    required float request_time = 7;
    required float ru_utime = 8;
    required float ru_stime = 9;
    repeated uint32 timer_hit_count = 10;
    repeated float timer_value = 11;
    repeated uint32 timer_tag_count = 12;
    repeated uint32 timer_tag_name = 13;
    repeated uint32 timer_tag_value = 14;
    repeated bytes dictionary = 15;
    required uint32 status = 16;
    required uint32 memory_footprint = 17;
    repeated requests requests = 18;
    required bytes schema = 19;
    repeated uint32 tag_name = 20;
    repeated uint32 tag_value = 21;
    repeated float timer_ru_utime = 22;
    repeated float timer_ru_stime = 23;
}

/// What a datagram is.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// No message: `prost` gives up.
    Broken,
    /// A message that no server takes.
    Invalid(Invalid),
    /// Requests, each followed by those in it.
    Requests(Vec<Reference>),
}

/// What `prost` and `Request::validate` find.
pub(crate) fn verdict(datagram: &[u8]) -> Verdict {
    let Ok(outermost) = Reference::decode(datagram) else { return Verdict::Broken };
    let mut requests = Vec::new();
    outermost.flatten(&mut requests);
    match requests.iter().find_map(Reference::invalid) {
        Some(reason) => Verdict::Invalid(reason),
        None => Verdict::Requests(requests),
    }
}

impl Reference {
    fn flatten(mut self, all: &mut Vec<Self>) {
        let nested = std::mem::take(&mut self.requests);
        all.push(self);
        for request in nested {
            request.flatten(all);
        }
    }

    /// What is wrong with this request, apart from those in it.
    fn invalid(&self) -> Option<Invalid> {
        let texts = [&self.hostname, &self.server_name, &self.script_name];
        let numbers = [self.request_count, self.document_size, self.memory_peak];
        let times = [self.request_time, self.ru_utime, self.ru_stime];
        let complete = texts.into_iter().all(Option::is_some)
            && numbers.iter().all(Option::is_some)
            && times.iter().all(Option::is_some);
        if !complete {
            return Some(Invalid::MissingField);
        }
        Some(match self.plain().validate().err()? {
            proto::Invalid::Length { .. } => Invalid::Lengths,
            proto::Invalid::NoDictionary { .. } => Invalid::NoDictionary,
            proto::Invalid::Id { .. } => Invalid::Id,
            proto::Invalid::HitCount { .. } => Invalid::HitCount,
            proto::Invalid::Status => Invalid::Status,
            proto::Invalid::Float { .. } => Invalid::NotATime,
            other => panic!("a new reason: {other}"),
        })
    }

    /// What `validate` looks at. It does not read text.
    fn plain(&self) -> Request {
        Request {
            request_time: self.request_time.unwrap_or_default(),
            ru_utime: self.ru_utime.unwrap_or_default(),
            ru_stime: self.ru_stime.unwrap_or_default(),
            timer_hit_count: self.timer_hit_count.clone(),
            timer_value: self.timer_value.clone(),
            timer_tag_count: self.timer_tag_count.clone(),
            timer_tag_name: self.timer_tag_name.clone(),
            timer_tag_value: self.timer_tag_value.clone(),
            dictionary: vec![String::new(); self.dictionary.len()],
            status: self.status,
            tag_name: self.tag_name.clone(),
            tag_value: self.tag_value.clone(),
            timer_ru_utime: self.timer_ru_utime.clone(),
            timer_ru_stime: self.timer_ru_stime.clone(),
            ..Request::default()
        }
    }
}
