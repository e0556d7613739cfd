use std::fmt;
use std::sync::{Arc, LazyLock};

use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate as DtlsCertificate;
use rtc_dtls::crypto_provider::providers::AwsLcRsProvider;
use rtc_dtls::crypto_provider::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

static PROVIDER: LazyLock<Arc<dyn RTCCryptoProvider>> = LazyLock::new(|| Arc::new(AwsLcRsProvider::new()));

pub(crate) fn provider() -> &'static Arc<dyn RTCCryptoProvider> {
    &PROVIDER
}

/// An ECDSA P-256 key with a self-signed certificate, our identity in DTLS.
#[derive(Clone)]
pub struct Certificate {
    fingerprint: Fingerprint,
    gcm: Arc<HandshakeConfig>,
    any: Arc<HandshakeConfig>,
}

#[derive(Debug, thiserror::Error)]
#[error("no DTLS certificate could be made: {0}")]
pub struct CertificateError(String);

impl Certificate {
    /// Makes a new key and certificate, from the operating system's randomness.
    ///
    /// # Errors
    ///
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, CertificateError> {
        let failed = |error: rtc_shared::error::Error| CertificateError(error.to_string());
        let names = vec!["hubbub".to_owned()];
        let certificate = DtlsCertificate::generate_self_signed(names, provider().crypto()).map_err(failed)?;
        let der = certificate.certificate.first();
        let der = der.ok_or_else(|| CertificateError("it is empty".to_owned()))?;
        Ok(Self {
            fingerprint: Fingerprint::of(der),
            gcm: handshake_config(&certificate, &[GCM]).map_err(failed)?,
            any: handshake_config(&certificate, &[GCM, CM]).map_err(failed)?,
        })
    }

    /// SHA-256 of the certificate as SDP writes it: `AB:CD:..` (RFC 8122).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprint.to_string()
    }

    pub(crate) fn own_fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// rtc-dtls follows the client's order of profiles, so AES-GCM comes first only when it is
    /// all that we take.
    pub(crate) fn handshake(&self, client_offers_gcm: bool) -> Arc<HandshakeConfig> {
        if client_offers_gcm { self.gcm.clone() } else { self.any.clone() }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint)
    }
}

pub(crate) const GCM: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm;
pub(crate) const CM: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;

fn handshake_config(
    certificate: &DtlsCertificate,
    profiles: &[SrtpProtectionProfile],
) -> Result<Arc<HandshakeConfig>, rtc_shared::error::Error> {
    // The fingerprint takes the place of a chain of trust (RFC 8827 section 6.5); `dtls` checks it.
    let config = ConfigBuilder::default()
        .with_crypto_provider(provider().clone())
        .with_certificates(vec![certificate.clone()])
        .with_srtp_protection_profiles(profiles.to_vec())
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        .with_insecure_skip_verify(true)
        .build(false, None)?;
    Ok(Arc::new(config))
}

/// SHA-256 of a DER certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(der: &[u8]) -> Self {
        let digest = provider().crypto().hash(HashAlgorithm::Sha256, der);
        let digest = digest.expect("the built-in provider has SHA-256");
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&digest);
        Self(bytes)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut pairs = text.trim().split(':');
        for byte in &mut bytes {
            let pair = pairs.next().filter(|pair| pair.len() == 2)?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_reads_what_it_writes() {
        let fingerprint = Fingerprint::of(b"certificate");
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()), Some(fingerprint));
        assert_eq!(Fingerprint::parse("AB:CD"), None);
        assert_eq!(Fingerprint::parse(&format!("{fingerprint}:00")), None);
        assert_eq!(Fingerprint::parse("é:é"), None);
    }
}
