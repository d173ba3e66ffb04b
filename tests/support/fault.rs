//! Which call a fault strikes.

/// Calls of one kind are numbered from 1, from when the fault is planned.
#[derive(Clone, Copy, Debug)]
pub enum When {
    Every,
    Nth(usize),
    First(usize),
    From(usize),
}

impl When {
    fn strikes(self, number: usize) -> bool {
        match self {
            Self::Every => true,
            Self::Nth(nth) => number == nth,
            Self::First(last) => number <= last,
            Self::From(first) => number >= first,
        }
    }
}

/// The faults planned for calls of each kind.
pub struct Faults<Kind, Fault>(Vec<Plan<Kind, Fault>>);

struct Plan<Kind, Fault> {
    kind: Kind,
    when: When,
    fault: Fault,
    /// Calls since it was planned.
    seen: usize,
}

impl<Kind: PartialEq, Fault: Clone> Faults<Kind, Fault> {
    pub fn none() -> Self {
        Self(Vec::new())
    }

    pub fn plan(&mut self, kind: Kind, when: When, fault: Fault) {
        self.0.push(Plan { kind, when, fault, seen: 0 });
    }

    /// Takes back what was planned for calls of this kind.
    pub fn lift(&mut self, kind: &Kind) {
        self.0.retain(|plan| plan.kind != *kind);
    }

    /// Counts one call; gives the fault planned last among those that strike it.
    pub fn strike(&mut self, kind: &Kind) -> Option<Fault> {
        let mut struck = None;
        for plan in self.0.iter_mut().filter(|plan| plan.kind == *kind) {
            plan.seen += 1;
            if plan.when.strikes(plan.seen) {
                struck = Some(plan.fault.clone());
            }
        }
        struck
    }
}
