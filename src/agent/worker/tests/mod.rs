//! The worker with jobs whose runs end as scripted.

mod jobs;
mod world;
