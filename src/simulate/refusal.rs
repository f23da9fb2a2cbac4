//! What the API would refuse, said beforehand with its own codes (law 6.2, 6.3).

/// One reason for which the API would refuse a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refusal {
    /// The API's own code.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub http: u16,
    /// What is in the way, as a lower-case fragment.
    pub message: String,
}
