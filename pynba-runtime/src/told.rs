//! What the program says about a request, instead of what is measured or said by its reporter.

use std::time::Duration;

use crate::clock::nanos;
use crate::encoder::Packet;
use crate::text::Text;

/// What the program said about the request.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) prefix: Option<Text>,
    pub(crate) script_name: Text,
    pub(crate) hostname: Option<Text>,
    pub(crate) server_name: Option<Text>,
    pub(crate) schema: Option<Text>,
    pub(crate) status: Option<u32>,
    pub(crate) document_size: u64,
    pub(crate) memory_peak: Option<u64>,
    pub(crate) memory_footprint: u64,
    pub(crate) request_time: Option<Duration>,
    /// User, system.
    pub(crate) rusage: Option<(Duration, Duration)>,
}

impl Told {
    /// Says it instead of what the reporter says and what was measured.
    pub(crate) fn say<'a>(&'a self, packet: &mut Packet<'a>) {
        if let Some(prefix) = &self.prefix {
            packet.script_name[0] = prefix;
        }
        for (told, place) in
            [(&self.hostname, &mut packet.hostname), (&self.server_name, &mut packet.server_name)]
        {
            if let Some(name) = told {
                *place = name;
                packet.hosts = None;
            }
        }
        if let Some(schema) = &self.schema {
            packet.schema = schema;
        }
        packet.document_size = self.document_size;
        packet.memory_peak = self.memory_peak.unwrap_or(packet.memory_peak);
        packet.memory_footprint = self.memory_footprint;
        packet.request_time = self.request_time.map_or(packet.request_time, nanos);
        if let Some((user, system)) = self.rusage {
            (packet.user, packet.system) = (nanos(user), nanos(system));
        }
    }
}
