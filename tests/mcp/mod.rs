//! The host with servers of other people's, on the wire, beneath the desk: an approved action, its binding, the tool's result. What
//! checks Deskbell's own servers from outside is beside this, in Python and Node: `check.py`.

pub mod approved;
mod authorized;
mod conformance;
mod everything;
mod isolation;
mod shipped;
