//! A row of the table, as a part of the benchmarks printed it.

/// What `benches/table` says of each field.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) section: String,
    pub(crate) what: String,
    unit: String,
    /// Lower and upper quartile, which what was measured only once does not have.
    pub(crate) quartiles: Option<[f64; 2]>,
    pub(crate) middle: f64,
    also: String,
    gate: Option<f64>,
    aim: Option<f64>,
}

impl Row {
    /// # Panics
    ///
    /// When the line is no row: then a part of the benchmarks is broken.
    pub(crate) fn read(line: &str) -> Self {
        let fields: Vec<_> = line.split('\t').collect();
        let [section, what, unit, low, middle, high, also, gate, aim] = fields[..] else {
            panic!("no row: {line}");
        };
        let number = |field: &str| {
            (!field.is_empty()).then(|| {
                field.parse::<f64>().unwrap_or_else(|_| panic!("no number {field:?}: {line}"))
            })
        };
        Self {
            section: section.to_owned(),
            what: what.to_owned(),
            unit: unit.to_owned(),
            quartiles: number(low).zip(number(high)).map(|(low, high)| [low, high]),
            middle: number(middle).unwrap_or_else(|| panic!("nothing measured: {line}")),
            also: also.to_owned(),
            gate: number(gate),
            aim: number(aim),
        }
    }

    pub(crate) fn has_bar(&self) -> bool {
        self.gate.is_some() || self.aim.is_some()
    }

    /// Whether it is measured to be more than it is to be.
    pub(crate) fn misses(&self) -> bool {
        self.quartiles.is_some()
            && [self.gate, self.aim].into_iter().flatten().any(|limit| self.middle > limit)
    }

    pub(crate) fn measured(&self) -> String {
        format!("{} {}", self.number(self.middle), self.unit).trim_end().to_owned()
    }

    pub(crate) fn also(&self) -> &str {
        &self.also
    }

    pub(crate) fn gate(&self) -> String {
        self.limit(self.gate)
    }

    pub(crate) fn aim(&self) -> String {
        self.limit(self.aim)
    }

    pub(crate) fn spread(&self) -> String {
        match self.quartiles.map(|quartiles| quartiles.map(|it| self.number(it))) {
            Some([low, high]) if low != high => format!("{low}–{high}"),
            _ => String::new(),
        }
    }

    /// Nothing of what was measured only once, which has proved nothing.
    pub(crate) fn verdict(&self) -> String {
        let verdict = |name: &str, limit: Option<f64>| {
            let limit = limit.filter(|_| self.quartiles.is_some())?;
            let by = self.middle - limit;
            Some(match () {
                () if by <= 0.0 => format!("{name} pass"),
                () if limit > 0.0 => format!("{name} **miss** (+{:.0} %)", by / limit * 100.0),
                () => format!("{name} **miss** (+{})", self.number(by)),
            })
        };
        let verdicts = [verdict("gate", self.gate), verdict("aim", self.aim)];
        verdicts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn limit(&self, limit: Option<f64>) -> String {
        limit
            .map(|limit| format!("≤ {} {}", self.number(limit), self.unit).trim_end().to_owned())
            .unwrap_or_default()
    }

    /// Counts are whole; nanoseconds have a digit where there are few of them.
    fn number(&self, value: f64) -> String {
        let digits = match &*self.unit {
            "" | "bytes" | "%" => 0,
            "ns" => usize::from(value < 99.95),
            _ => 2,
        };
        format!("{value:.digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fields: &str) -> Row {
        Row::read(&fields.replace('|', "\t"))
    }

    #[test]
    fn says_what_was_measured_and_whether_that_is_enough() {
        let row = row("requests|W10|F|1.05|1.08|1.178|4067 ns|1.2|0.85");
        assert_eq!(row.measured(), "1.08 F");
        assert_eq!(row.spread(), "1.05–1.18");
        assert_eq!((row.gate(), row.aim()), ("≤ 1.20 F".to_owned(), "≤ 0.85 F".to_owned()));
        assert_eq!(row.verdict(), "gate pass, aim **miss** (+27 %)");
        assert!(row.misses() && row.has_bar());
    }

    #[test]
    fn a_limit_is_reached_where_it_is_met() {
        let row = row("instructions|W0||400|400|400||400|300");
        assert_eq!(row.verdict(), "gate pass, aim **miss** (+33 %)");
        assert_eq!((row.measured(), row.spread()), ("400".to_owned(), String::new()));
    }

    #[test]
    fn nothing_is_allowed_where_the_limit_is_zero() {
        assert_eq!(row("a|W10||0|0|0||0|0").verdict(), "gate pass, aim pass");
        assert_eq!(row("a|W10||2|2|2||0|").verdict(), "gate **miss** (+2)");
    }

    #[test]
    fn what_was_measured_once_proves_nothing() {
        let row = row("requests|W10|F||9.5||4067 ns|1.2|0.85");
        assert_eq!((row.verdict(), row.spread()), (String::new(), String::new()));
        assert!(!row.misses() && row.has_bar());
    }

    #[test]
    fn nanoseconds_have_a_digit_where_they_are_few() {
        assert_eq!(row("a|b|ns|1|1.44|2|||").measured(), "1.4 ns");
        assert_eq!(row("a|b|ns|1|144.4|2|||").measured(), "144 ns");
    }

    #[test]
    #[should_panic(expected = "no row")]
    fn a_line_with_too_few_fields_is_no_row() {
        row("a|b|ns|1|2|3||");
    }

    #[test]
    #[should_panic(expected = "nothing measured")]
    fn a_row_without_a_figure_is_no_row() {
        row("a|b|ns|1||3|||");
    }
}
