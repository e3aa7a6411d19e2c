//! Short fingerprints of identifiers, to be carried inside other identifiers.

use uuid::Uuid;

/// Fingerprints of Marquee are unlike those of any other name-based UUID.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d61_7271_7565_6500_8000_7461_6773_0001);

/// 64 bits that depend on `purpose` and `id`.
pub(crate) fn hash(purpose: &str, id: Uuid) -> u64 {
    let mut name = [0_u8; 48];
    let purpose_len = purpose.len().min(32);
    name[..purpose_len].copy_from_slice(&purpose.as_bytes()[..purpose_len]);
    name[32..].copy_from_slice(id.as_bytes());
    let hash = Uuid::new_v5(&NAMESPACE, &name);
    u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
}
