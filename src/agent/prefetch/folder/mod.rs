//! Prefetches the images of the task definitions in a watched folder: of every `*.json` file, when
//! the agent starts, after each change, and again on a schedule.
//!
//! inotify ([`folder_watch`]) or the schedule says which files to check ([`rescan_request`]).
//! Their metadata ([`listing`]) decide which of them are new, changed or removed ([`diff`]), the
//! changed ones are read ([`file_read`]), and [`definition_files`] updates their jobs. While
//! nothing changes, nothing wakes up. The disk is only accessed from blocking threads.

mod definition_files;
mod file_read;
mod folder_state;
mod folder_watch;
mod listing;

pub(in crate::agent) use folder_state::WatchedFolder;
