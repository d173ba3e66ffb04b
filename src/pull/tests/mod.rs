//! Tests of whole runs with a fake engine under paused time.

mod cached_images;
mod catalogue;
mod fake_engine;
mod final_answers;
mod pull_through;
mod schedule;
