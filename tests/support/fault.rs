//! A plan of faults: which calls of which kind fail, and how.

/// Selects calls of one kind, numbered from 1 since the fault was planned.
#[derive(Clone, Copy, Debug)]
pub enum Calls {
    Every,
    Nth(usize),
    /// The first `n` calls.
    First(usize),
    /// Call number `n` and all later ones.
    From(usize),
}

impl Calls {
    fn includes(self, number: usize) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(nth) => number == nth,
            Self::First(last) => number <= last,
            Self::From(first) => number >= first,
        }
    }
}

/// The faults planned for calls of each kind.
pub struct FaultPlan<Kind, Fault>(Vec<PlannedFault<Kind, Fault>>);

struct PlannedFault<Kind, Fault> {
    kind: Kind,
    calls: Calls,
    fault: Fault,
    /// Number of calls since the fault was planned.
    call_count: usize,
}

impl<Kind: PartialEq, Fault: Clone> FaultPlan<Kind, Fault> {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn add(&mut self, kind: Kind, calls: Calls, fault: Fault) {
        self.0.push(PlannedFault { kind, calls, fault, call_count: 0 });
    }

    /// Removes all faults planned for calls of this kind.
    pub fn clear(&mut self, kind: &Kind) {
        self.0.retain(|planned| planned.kind != *kind);
    }

    /// Counts one call and returns the fault for it: the one planned last, if several apply.
    pub fn next_fault(&mut self, kind: &Kind) -> Option<Fault> {
        let mut next = None;
        for planned in self.0.iter_mut().filter(|planned| planned.kind == *kind) {
            planned.call_count += 1;
            if planned.calls.includes(planned.call_count) {
                next = Some(planned.fault.clone());
            }
        }
        next
    }
}
