//! Is it still the plan that was approved? A detached Ed25519 signature over the canonical form.
//!
//! Keys are PEM files as `openssl genpkey -algorithm ed25519` writes them. The signature is one line of text, `ed25519:` and
//! 128 hexadecimal digits.

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use super::canonical::canonical;
use super::step::Plan;
use crate::hex::{hex, unhex};

/// What stands before the digits.
const FORM: &str = "ed25519:";

/// Why a plan cannot be signed, or is not the one that was.
#[derive(Debug, Error)]
pub enum SignatureError {
    /// No private key in PKCS#8 PEM.
    #[error("no Ed25519 private key: {0}")]
    PrivateKey(String),
    /// No public key in SPKI PEM.
    #[error("no Ed25519 public key: {0}")]
    PublicKey(String),
    /// Not `ed25519:` and 128 digits.
    #[error("no signature: it is `ed25519:` and 128 hexadecimal digits")]
    Form,
    /// Another plan, or another key.
    #[error("the signature is not that of this plan and this key")]
    Mismatch,
    /// The plan has no canonical form.
    #[error("the plan cannot be written: {0}")]
    Plan(#[from] serde_json::Error),
}

/// Signs a plan; one line with its end.
///
/// # Errors
/// [`SignatureError::PrivateKey`] for a text that is no private key.
pub fn sign(plan: &Plan, private_pem: &str) -> Result<String, SignatureError> {
    let key = SigningKey::from_pkcs8_pem(private_pem)
        .map_err(|error| SignatureError::PrivateKey(error.to_string()))?;
    Ok(format!("{FORM}{}\n", hex(&key.sign(&canonical(plan)?).to_bytes())))
}

/// Checks a signature.
///
/// # Errors
/// [`SignatureError`] unless it is that of this plan and this key.
pub fn verify(plan: &Plan, public_pem: &str, signature: &str) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_public_key_pem(public_pem)
        .map_err(|error| SignatureError::PublicKey(error.to_string()))?;
    let digits = signature.trim_end().strip_prefix(FORM).ok_or(SignatureError::Form)?;
    let bytes = unhex(digits).ok_or(SignatureError::Form)?;
    let signature = Signature::from_slice(&bytes).map_err(|_| SignatureError::Form)?;
    key.verify_strict(&canonical(plan)?, &signature).map_err(|_| SignatureError::Mismatch)
}
