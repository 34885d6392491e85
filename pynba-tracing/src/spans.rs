//! What the layer does at each step of a span's life.
//!
//! Whatever may run the program's code (fields that are formatted, predicates, transports) is called while
//! nothing of the registry is locked, because it may make spans itself.

use std::iter;

use pynba_runtime::__rt::{ENABLED, Pairs, StaticTags, tags_with, timer_with};
use pynba_runtime::{Current, DetachedRequest, Tags, current};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::fields::{OfNew, OfRequest, OfTimer};
use crate::layer::{PinbaLayer, SpanTime};
use crate::request::SpanRequest;
use crate::slots::{self, Slots, State};
use crate::timer::Measured;

/// The tags of the span's name and target.
const SPAN: &str = "span";
const TARGET: &str = "target";

static NO_TAGS: StaticTags = StaticTags::new(&[]);

/// A span has a few ancestors; where it has more, something is wrong, and to look at all of them for each span
/// would make it worse.
const MAX_ANCESTORS: usize = 64;

impl<S> Layer<S> for PinbaLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if !ENABLED || !self.may_take(attributes.metadata()) {
            return;
        }
        if let Some(state) = self.begin(attributes, id, &context)
            && let Some(span) = context.span(id)
        {
            let mut extensions = span.extensions_mut();
            if let Some(slots) = extensions.get_mut::<Slots>() {
                slots.put(&self.id, state);
            } else {
                let mut slots = Slots::default();
                slots.put(&self.id, state);
                extensions.insert(slots);
            }
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if ENABLED
            && !self.fields.are_none()
            && let Some(span) = context.span(id)
        {
            self.record(values, &span);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if ENABLED
            && self.errors_are_failures
            && *event.metadata().level() == Level::ERROR
            && let Some(request) = self.request_of_event(event, &context)
        {
            request.set_status(500);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if ENABLED && slots::is_any_followed() {
            self.each(id, &context, State::enter);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if ENABLED && slots::is_any_followed() {
            self.each(id, &context, State::exit);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if ENABLED && let Some(span) = context.span(&id) {
            let taken = span.extensions_mut().get_mut::<Slots>().map(|slots| slots.take(&self.id));
            // Here timers end and requests are sent.
            drop(taken);
        }
    }
}

impl PinbaLayer {
    fn begin<S>(
        &self,
        attributes: &Attributes<'_>,
        id: &Id,
        context: &Context<'_, S>,
    ) -> Option<State>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        // Where a request is current that is not recorded, what is inside it is not recorded elsewhere either.
        if DetachedRequest::is_any_here() {
            let request = current();
            return (request.is_active() && self.is_timer(attributes.metadata()))
                .then(|| self.begin_here(attributes, request));
        }
        let parent = context.span(id)?.parent();
        match parent.and_then(|parent| self.request_of(parent)) {
            Some(request) => self.is_timer(attributes.metadata()).then(|| {
                let tags = self.tags(attributes);
                State::Measured(match self.time {
                    SpanTime::Open => Measured::open(request, tags),
                    SpanTime::Entered => Measured::entered(request, tags),
                })
            }),
            None => self.begin_request(attributes),
        }
    }

    fn begin_here(&self, attributes: &Attributes<'_>, request: Current) -> State {
        match self.time {
            SpanTime::Open => {
                let guard = timer_with(&NO_TAGS, |pairs| self.write_tags(attributes, pairs));
                State::Running(guard, request)
            }
            SpanTime::Entered => State::Measured(Measured::entered(request, self.tags(attributes))),
        }
    }

    fn begin_request(&self, attributes: &Attributes<'_>) -> Option<State> {
        let metadata = attributes.metadata();
        let reporter = self.is_request(metadata)?;
        let mut request = SpanRequest::open(reporter, metadata.name())?;
        let mut is_due = self.fields.have_status(metadata);
        if !self.fields.are_none() && !metadata.fields().is_empty() {
            request.with(|entered| {
                let mut visitor = OfRequest::untagged(&self.fields, entered.current());
                attributes.record(&mut visitor);
                is_due &= !visitor.has_status;
                // All at once: set one by one, `error` would take `error.kind` away.
                entered.set_tags_with(&NO_TAGS, |pairs| self.write_fields(attributes, pairs));
            });
        }
        request.set_status_due(is_due);
        Some(State::Request(Box::new(request)))
    }

    fn tags(&self, attributes: &Attributes<'_>) -> Tags {
        tags_with(&NO_TAGS, |pairs| self.write_tags(attributes, pairs))
    }

    fn write_tags(&self, attributes: &Attributes<'_>, pairs: &mut Pairs<'_>) {
        let metadata: &'static Metadata<'static> = attributes.metadata();
        pairs.add_named(SPAN, metadata.name());
        if self.target {
            pairs.add_named(TARGET, metadata.target());
        }
        self.write_fields(attributes, pairs);
    }

    fn write_fields(&self, attributes: &Attributes<'_>, pairs: &mut Pairs<'_>) {
        if !self.fields.tags.is_empty() {
            attributes.record(&mut OfNew { fields: &self.fields, pairs });
        }
    }

    fn record<S>(&self, values: &Record<'_>, span: &SpanRef<'_, S>)
    where
        S: for<'a> LookupSpan<'a>,
    {
        let mut is_timer = false;
        let mut request = None;
        self.each_of(span, |state| match state {
            State::Request(it) => request = Some(it.current()),
            State::Running(..) | State::Measured(_) => is_timer = true,
        });
        if is_timer {
            let set = |name, value: &str| self.each_of(span, |state| state.tag(name, value));
            values.record(&mut OfTimer { fields: &self.fields, set });
        }
        if let Some(request) = request {
            let mut visitor = OfRequest::new(&self.fields, request);
            values.record(&mut visitor);
            if visitor.has_status {
                self.each_of(span, State::has_status);
            }
        }
    }

    fn request_of_event<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> Option<Current>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if DetachedRequest::is_any_here() {
            Some(current())
        } else {
            self.request_of(context.event_span(event)?)
        }
    }

    /// The request that a span belongs to, or else its nearest ancestor that has one.
    fn request_of<S>(&self, span: SpanRef<'_, S>) -> Option<Current>
    where
        S: for<'a> LookupSpan<'a>,
    {
        iter::successors(Some(span), SpanRef::parent)
            .take(MAX_ANCESTORS)
            .find_map(|span| span.extensions().get::<Slots>()?.request(&self.id))
    }

    fn each<S>(&self, id: &Id, context: &Context<'_, S>, act: impl FnMut(&mut State))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if let Some(span) = context.span(id) {
            self.each_of(&span, act);
        }
    }

    /// Acts on what the span is to this layer, under the lock of its extensions.
    fn each_of<S>(&self, span: &SpanRef<'_, S>, act: impl FnMut(&mut State))
    where
        S: for<'a> LookupSpan<'a>,
    {
        // Looked at first: one span may be around everything that a program does, on all of its threads.
        if span.extensions().get::<Slots>().is_some()
            && let Some(slots) = span.extensions_mut().get_mut::<Slots>()
        {
            slots.of(&self.id).for_each(act);
        }
    }
}
