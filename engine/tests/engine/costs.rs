//! What the request of one client costs the server is bounded: what it becomes in memory, the length of its answer, what it
//! changes, how often it is run, what it reads. Counted, not timed.

mod answers;
mod batches;
mod containers;
mod large;
mod lists;
mod operations;
mod parameters;
mod searches;
mod threads;
mod work;
