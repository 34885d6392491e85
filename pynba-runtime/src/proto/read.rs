//! Timers and tags of a decoded packet, with words in place of ids.

use super::Request;

/// One timer of a packet.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Timer<'a> {
    /// How often it ran.
    pub hit_count: u32,
    /// Its time over all hits, seconds.
    pub value: f32,
    /// (name, value) in the order of the packet.
    pub tags: Vec<(&'a str, &'a str)>,
}

impl Request {
    /// The timers of this packet, not those of nested [`requests`](Self::requests).
    ///
    /// Never panics. In a packet that [`validate`](Self::validate) rejects, it stops after the
    /// shortest of the timers' arrays, and leaves out tags that are cut off or whose ids lie
    /// outside the dictionary.
    ///
    /// ```
    /// use pynba_runtime::proto::Request;
    ///
    /// let request = Request {
    ///     timer_hit_count: vec![2],
    ///     timer_value: vec![0.125],
    ///     timer_tag_count: vec![1],
    ///     timer_tag_name: vec![0],
    ///     timer_tag_value: vec![1],
    ///     dictionary: vec!["group".into(), "db".into()],
    ///     ..Request::default()
    /// };
    /// for timer in request.timers() {
    ///     assert_eq!((timer.value, timer.hit_count), (0.125, 2));
    ///     assert_eq!(timer.tags, [("group", "db")]);
    /// }
    /// # assert_eq!(request.timers().count(), 1);
    /// ```
    pub fn timers(&self) -> impl Iterator<Item = Timer<'_>> {
        let mut tags = self.pairs(&self.timer_tag_name, &self.timer_tag_value);
        let numbers = self.timer_hit_count.iter().zip(&self.timer_value);
        numbers.zip(&self.timer_tag_count).map(move |((&hit_count, &value), &count)| {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let tags = tags.by_ref().take(count).flatten().collect();
            Timer { hit_count, value, tags }
        })
    }

    /// The request's own tags as (name, value), in the order of the packet.
    ///
    /// Never panics. Leaves out tags that have no value or whose ids lie outside the dictionary.
    ///
    /// ```
    /// use pynba_runtime::proto::Request;
    ///
    /// let request = Request {
    ///     dictionary: vec!["plan".into(), "free".into()],
    ///     tag_name: vec![0],
    ///     tag_value: vec![1],
    ///     ..Request::default()
    /// };
    /// assert_eq!(request.tags().collect::<Vec<_>>(), [("plan", "free")]);
    /// ```
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs(&self.tag_name, &self.tag_value).flatten()
    }

    /// One item per pair of ids, `None` where one lies outside the dictionary: it still counts
    /// among its timer's tags.
    fn pairs<'a>(
        &'a self,
        names: &'a [u32],
        values: &'a [u32],
    ) -> impl Iterator<Item = Option<(&'a str, &'a str)>> {
        names.iter().zip(values).map(|(&name, &value)| Some((self.word(name)?, self.word(value)?)))
    }

    fn word(&self, id: u32) -> Option<&str> {
        self.dictionary.get(usize::try_from(id).ok()?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    fn two_timers() -> Request {
        Request {
            timer_hit_count: vec![1, 2],
            timer_value: vec![0.5, 0.25],
            timer_tag_count: vec![1, 2],
            timer_tag_name: vec![0, 0, 2],
            timer_tag_value: vec![1, 3, 1],
            dictionary: ["a", "b", "c", "d"].map(String::from).into(),
            tag_name: vec![2, 0],
            tag_value: vec![3, 1],
            ..Request::default()
        }
    }

    #[test]
    fn each_timer_has_its_own_tags() {
        let request = two_timers();
        let timers: Vec<_> = request.timers().collect();
        assert_eq!(timers.len(), 2);
        assert_eq!((timers[0].hit_count, timers[0].value), (1, 0.5));
        assert_eq!(timers[0].tags, [("a", "b")]);
        assert_eq!((timers[1].hit_count, timers[1].value), (2, 0.25));
        assert_eq!(timers[1].tags, [("a", "d"), ("c", "b")]);
        assert_eq!(request.tags().collect::<Vec<_>>(), [("c", "d"), ("a", "b")]);
    }

    #[test]
    fn stops_after_the_shortest_array() {
        let mut request = two_timers();
        request.timer_value.pop();
        assert_eq!(request.timers().count(), 1);
        request.timer_tag_count.clear();
        assert_eq!(request.timers().count(), 0);
    }

    #[test]
    fn a_bad_id_loses_its_tag_and_no_other() {
        let mut request = two_timers();
        request.timer_tag_name[0] = 4;
        request.tag_value[0] = u32::MAX;
        let tags: Vec<_> = request.timers().map(|timer| timer.tags).collect();
        assert_eq!(tags, [vec![], vec![("a", "d"), ("c", "b")]]);
        assert_eq!(request.tags().collect::<Vec<_>>(), [("a", "b")]);
    }

    #[test]
    fn too_large_a_count_takes_what_is_there() {
        let mut request = two_timers();
        request.timer_tag_count = vec![u32::MAX, u32::MAX];
        let tags: Vec<_> = request.timers().map(|timer| timer.tags.len()).collect();
        assert_eq!(tags, [3, 0]);
    }

    #[test]
    fn a_tag_without_a_value_is_left_out() {
        let mut request = two_timers();
        request.timer_tag_value.pop();
        request.tag_value.pop();
        let tags: Vec<_> = request.timers().map(|timer| timer.tags).collect();
        assert_eq!(tags, [vec![("a", "b")], vec![("a", "d")]]);
        assert_eq!(request.tags().collect::<Vec<_>>(), [("c", "d")]);
    }
}
