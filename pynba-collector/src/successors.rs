//! Guesses what comes next: what followed the same the last time.
//!
//! Packets of one script are alike: `group` is followed by `mysql`, and that by `operation`. To see that a guess is right
//! takes a quarter of what a hash table takes to find it.

/// Which number followed each number the last time.
#[derive(Debug, Default)]
pub(crate) struct Successors {
    /// By number; [`UNKNOWN`] where none did.
    after: Vec<u32>,
    last: u32,
}

const UNKNOWN: u32 = u32::MAX;

impl Successors {
    /// What probably comes. Whether it is right, and still there, is to be seen.
    #[inline]
    pub(crate) fn guess(&self) -> Option<u32> {
        self.after.get(self.last as usize).copied().filter(|guess| *guess != UNKNOWN)
    }

    /// What came.
    #[inline]
    pub(crate) fn learn(&mut self, number: u32) {
        match self.after.get_mut(self.last as usize) {
            Some(after) => *after = number,
            None => self.grow(number),
        }
        self.last = number;
    }

    #[cold]
    fn grow(&mut self, number: u32) {
        let last = self.last as usize;
        self.after.resize(last + 1, UNKNOWN);
        self.after[last] = number;
    }

    /// Nothing that came until now will come again.
    pub(crate) fn forget(&mut self) {
        self.after.clear();
        self.last = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_is_guessed() {
        let mut successors = Successors::default();
        assert_eq!(successors.guess(), None);
        for number in [3, 1, 4, 1, 5] {
            successors.learn(number);
        }
        assert_eq!(successors.guess(), None);
        successors.learn(3);
        assert_eq!(successors.guess(), Some(1));
        successors.learn(1);
        assert_eq!(successors.guess(), Some(5));
        successors.forget();
        assert_eq!(successors.guess(), None);
    }
}
