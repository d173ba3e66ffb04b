//! The agent: requests accepted, kept, carried out and told of, for as long as the host runs.
//!
//! Nothing accepted is lost: a request is on disk before it is acknowledged (`journal`), and
//! what was open when the agent ended goes on when it begins again. No secret is ever in that
//! state. What is done for a request is the pipeline's business ([`Work`]); whom the agent
//! listens to is another room's.

mod desk;
mod desk_error;
mod feed;
mod journal;
mod journal_error;
mod request;
mod runner;
mod supervisor;
mod systemd;
mod tally;
mod witness;

pub use desk::{Accepted, Desk, Open, Phase, Room, Standing, View};
pub use desk_error::DeskError;
pub use feed::Feed;
pub use journal::{Ended, Found, Journal, Record};
pub use journal_error::JournalError;
pub use request::{Ending, Moment, Peer, Request, RequestId, Submission};
pub use runner::{Runner, Stop, Work};
pub use supervisor::Supervisor;
pub use systemd::{ServiceManager, listener};
pub use tally::Tally;
pub use witness::Witness;
