//! The shop: a seed in, requests out. Neither a clock nor a socket is in sight.

use std::f64::consts::TAU;
use std::time::Duration;

use super::calendar::{Calendar, Hour};
use super::catalogue::{
    CHECKOUT, PAYMENT, PRODUCT, SCRIPTS, SEARCH, SHOP, SLOW_HOST, SLOW_QUERY, Script, Step,
};

/// What traffic there is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The same seed gives the same requests.
    pub(crate) seed: u64,
    /// Requests a second at noon.
    pub(crate) rate: f64,
    /// How long a day of the shop takes.
    pub(crate) day: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self { seed: 1, rate: 200.0, day: Duration::from_secs(60) }
    }
}

/// Gives the visits in the order of their times, for ever.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    random: fastrand::Rng,
    calendar: Calendar,
    rate: f64,
    /// Seconds since the beginning.
    now: f64,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Visit {
    /// When it ends, since the beginning.
    pub(crate) at: Duration,
    pub(crate) hostname: &'static str,
    pub(crate) server_name: &'static str,
    pub(crate) script_name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) status: u32,
    pub(crate) time: Duration,
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) memory_peak: u64,
    pub(crate) document_size: u64,
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    pub(crate) parts: Vec<Part>,
}

/// What a timer measured in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) tags: &'static [(&'static str, &'static str)],
    pub(crate) time: Duration,
    pub(crate) hits: u32,
}

/// Seconds after which the shop gives a provider up.
const PROVIDER_PATIENCE: f64 = 3.0;

/// Seconds after which the first customers give the shop up, and after which the last ones do.
const CUSTOMERS_PATIENCE: (f64, f64) = (1.0, 6.0);

impl Shop {
    pub(crate) fn new(plan: Plan) -> Self {
        let Plan { seed, rate, day } = plan;
        Self { random: fastrand::Rng::with_seed(seed), calendar: Calendar { day }, rate, now: 0.0 }
    }

    /// Visitors do not know of each other: the times between them are exponential. Of as many as come at the
    /// busiest time those are left out that the hour does not want.
    fn wait_for_the_next(&mut self) -> Hour {
        loop {
            self.now -= (1.0 - self.random.f64()).ln() / (self.rate * Hour::MOST_TRAFFIC);
            let hour = self.calendar.hour(self.now);
            if self.random.f64() * Hour::MOST_TRAFFIC < hour.traffic() {
                return hour;
            }
        }
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.random.f64() < chance
    }

    fn pick<T>(&mut self, among: &'static [T], weight: impl Fn(&T) -> f64) -> &'static T {
        let mut left = self.random.f64() * among.iter().map(&weight).sum::<f64>();
        let picked = among.iter().find(|item| {
            left -= weight(item);
            left < 0.0
        });
        picked.unwrap_or(&among[0])
    }

    /// Log-normal, as times of programs are: most near the middle, a few far above it.
    fn around(&mut self, middle: f64, spread: f64) -> f64 {
        let (radius, angle) = (1.0 - self.random.f64(), self.random.f64());
        middle * (spread * (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()).exp()
    }

    fn part(&mut self, step: &Step, slowness: f64) -> Part {
        let hits = self.random.u32(step.hits.0..=step.hits.1);
        let millis = self.around(step.millis * f64::from(hits), 0.45) * slowness;
        Part { tags: step.tags, time: Duration::from_secs_f64(millis / 1e3), hits }
    }

    fn parts(&mut self, script: &Script, hour: Hour, slowness: f64) -> Vec<Part> {
        let mut parts = Vec::with_capacity(script.steps.len() + 1);
        for step in script.steps {
            if self.happens(step.chance) {
                parts.push(self.part(step, slowness));
            }
        }
        if script.name == SEARCH && hour.has_bad_release() {
            parts.insert(1, self.part(&SLOW_QUERY, slowness));
        }
        parts
    }

    fn tags(&mut self, is_visitor: bool, hour: Hour) -> Vec<(&'static str, &'static str)> {
        let release = if hour.has_bad_release() { "2.8.0" } else { "2.7.4" };
        let mut tags = vec![("release", release)];
        if is_visitor {
            let device = self.pick(&[("phone", 55.0), ("desktop", 38.0), ("bot", 7.0)], |of| of.1);
            let plan = self.pick(&[("guest", 70.0), ("member", 24.0), ("premium", 6.0)], |of| of.1);
            tags.extend([("device", device.0), ("customer", plan.0)]);
        }
        tags
    }

    fn status(&mut self, script: &Script) -> u32 {
        match script.name {
            PRODUCT if self.happens(0.02) => 404,
            "/login" if self.happens(0.08) => 403,
            "/login" => 302,
            _ if self.happens(0.003) => 500,
            _ => 200,
        }
    }

    fn visit(&mut self, hour: Hour) -> Visit {
        let script = self.pick(SCRIPTS, |script| script.weight);
        let hostname = *self.pick(script.site.hosts, |_| 1.0);
        let slowness = if hostname == SLOW_HOST { 1.9 } else { 1.0 };
        let is_visitor = script.site.name == SHOP.name;

        let mut parts = self.parts(script, hour, slowness);
        let mut status = self.status(script);
        if script.name == CHECKOUT && hour.has_payments_down() && self.happens(0.6) {
            time_out(&mut parts);
            status = 504;
        }
        if status == 404 || status == 500 {
            // It ends early.
            parts.truncate(2);
        }
        let own = Duration::from_secs_f64(self.around(0.004, 0.4) * slowness);
        let mut time = own + parts.iter().map(|part| part.time).sum::<Duration>();
        let (first, last) = CUSTOMERS_PATIENCE;
        let patience = Duration::from_secs_f64(first + (last - first) * self.random.f64());
        if is_visitor && time > patience {
            time = patience;
            cut(&mut parts, patience);
            status = 499;
        }
        let user = own.mul_f64(0.8) + computed(&parts);
        let megabytes = self.around(if is_visitor { 14.0 } else { 40.0 }, 0.25);
        let kilobytes = if status < 300 { self.around(script.kilobytes, 0.3) } else { 0.6 };
        Visit {
            at: Duration::from_secs_f64(self.now),
            hostname,
            server_name: script.site.name,
            script_name: script.name,
            schema: script.site.schema,
            status,
            time,
            user,
            system: user.mul_f64(0.15).min(time.saturating_sub(user)),
            memory_peak: bytes(megabytes * 1e6),
            document_size: bytes(kilobytes * 1e3),
            tags: self.tags(is_visitor, hour),
            parts,
        }
    }
}

impl Iterator for Shop {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let hour = self.wait_for_the_next();
        Some(self.visit(hour))
    }
}

/// What the processor does itself, and does not wait for.
fn computed(parts: &[Part]) -> Duration {
    let computes = |part: &&Part| matches!(part.tags[0].1, "render" | "crypt" | "image");
    parts.iter().filter(computes).map(|part| part.time.mul_f64(0.85)).sum()
}

/// The payment is waited for in vain, and nothing comes after it.
fn time_out(parts: &mut Vec<Part>) {
    if let Some(at) = parts.iter().position(|part| part.tags == PAYMENT) {
        parts.truncate(at + 1);
        parts[at].time = Duration::from_secs_f64(PROVIDER_PATIENCE);
    }
}

/// What would have come after that time has not been.
fn cut(parts: &mut Vec<Part>, mut left: Duration) {
    parts.retain_mut(|part| {
        part.time = part.time.min(left);
        left -= part.time;
        !part.time.is_zero()
    });
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn bytes(bytes: f64) -> u64 {
    bytes as u64
}

#[cfg(test)]
mod tests;
