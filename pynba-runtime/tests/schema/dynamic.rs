//! The schema as a machine reads it: `proto/pinba.proto` compiled, and messages made by name.

use std::fmt::Write as _;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver};
use pynba_runtime::proto::Request;

/// The text of the `.proto`.
pub(crate) fn text() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/pinba.proto");
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The message `Request` of the `.proto`.
pub(crate) fn schema() -> MessageDescriptor {
    static SCHEMA: OnceLock<MessageDescriptor> = OnceLock::new();
    SCHEMA.get_or_init(|| compile(&text())).clone()
}

/// The message `Request` of some other schema.
pub(crate) fn compile(schema: &str) -> MessageDescriptor {
    struct Memory(String);

    impl FileResolver for Memory {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            File::from_source(name, &self.0)
        }
    }

    let mut resolver = ChainFileResolver::new();
    resolver.add(Memory(schema.to_owned()));
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.open_file("pinba.proto").unwrap_or_else(|error| panic!("{error:?}"));
    // Not the compiler's own pool: that one is built before options such as `packed` are read.
    let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice());
    pool.expect("a schema").get_message_by_name("Request").expect("a message `Request`")
}

/// The same request, put together by the names of its fields.
pub(crate) fn dynamic(request: &Request) -> DynamicMessage {
    let mut message = DynamicMessage::new(schema());
    macro_rules! set {
        ($($field:ident)*) => {
            // Without `..`, so that a field that is left out here does not compile.
            let Request { $($field),* } = request;
            $(
                if let Some(value) = $field.to_value() {
                    message.set_field_by_name(stringify!($field), value);
                }
            )*
        };
    }
    set! {
        hostname server_name script_name request_count document_size memory_peak
        request_time ru_utime ru_stime
        timer_hit_count timer_value timer_tag_count timer_tag_name timer_tag_value dictionary
        status memory_footprint requests schema tag_name tag_value timer_ru_utime timer_ru_stime
    }
    message
}

/// A value as comparable text: fields by name in alphabetic order, floats as their bits.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Message(message) => {
            let mut fields: Vec<_> = message
                .fields()
                .map(|(field, value)| (field.name().to_owned(), show(value)))
                .collect();
            fields.sort();
            fields.into_iter().fold(String::new(), |mut text, (name, value)| {
                write!(text, "{name}: {value}; ").expect("a String");
                text
            })
        }
        Value::List(list) => format!("{:?}", list.iter().map(show).collect::<Vec<_>>()),
        Value::F32(number) => float(*number),
        Value::U32(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        other => panic!("{other:?} is in no packet"),
    }
}

/// A float as its bits, so that NaN is equal to itself, and -0.0 is not equal to 0.0.
pub(crate) fn float(number: f32) -> String {
    format!("f32 {:08x}", number.to_bits())
}

/// A field's value, unless it is missing.
trait ToValue {
    fn to_value(&self) -> Option<Value>;
}

impl ToValue for String {
    fn to_value(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Option<Value> {
        Some(Value::U32(*self))
    }
}

impl ToValue for f32 {
    fn to_value(&self) -> Option<Value> {
        Some(Value::F32(*self))
    }
}

impl ToValue for Request {
    fn to_value(&self) -> Option<Value> {
        Some(Value::Message(dynamic(self)))
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Option<Value> {
        self.as_ref()?.to_value()
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    fn to_value(&self) -> Option<Value> {
        let list: Vec<_> = self.iter().filter_map(T::to_value).collect();
        (!list.is_empty()).then_some(Value::List(list))
    }
}
