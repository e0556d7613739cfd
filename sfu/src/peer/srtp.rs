use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use rtc_rtp::header::Header;
use rtc_shared::error::Error;
use rtc_srtp::config::Config;
use rtc_srtp::context::Context;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};

use super::certificate::provider;
use super::guard::{Fault, guarded};
use super::open::Opener;
use super::seal::Sealer;
use super::session_key::SessionKey;
use crate::forward::writer::Plain;

/// SSRCs that one client may ever use, RTP and RTCP counted apart.
pub(super) const MOST_SSRCS: usize = 64;
/// Of what the library opens.
const REPLAY_WINDOW: usize = 1024;

/// SRTP and SRTCP (RFC 3711, RFC 7714) of one session, in both directions.
///
/// rtc-srtp keeps state for an SSRC, and starts its replay window, before it knows that a packet
/// is authentic. So a first packet of an SSRC is tried on a context that is thrown away.
pub(crate) struct Srtp {
    config: Config,
    inbound: Context,
    outbound: Context,
    /// Take the place of `inbound` and `outbound` for RTP, where AES-GCM was agreed on.
    opener: Option<Opener>,
    sealer: Option<Sealer>,
    probe: Context,
    probed: usize,
    rtp: BTreeSet<u32>,
    rtcp: BTreeSet<u32>,
}

impl Srtp {
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let keys = &config.keys;
        let outbound = Context::new(
            &keys.local_master_key,
            &keys.local_master_salt,
            config.profile,
            None,
            None,
            provider().crypto(),
        )?;
        Ok(Self {
            inbound: inbound(&config, true)?,
            outbound,
            opener: session_key(&config, (&keys.remote_master_key, &keys.remote_master_salt))?.map(Opener::new),
            sealer: session_key(&config, (&keys.local_master_key, &keys.local_master_salt))?.map(Sealer::new),
            probe: inbound(&config, false)?,
            probed: 0,
            rtp: BTreeSet::new(),
            rtcp: BTreeSet::new(),
            config,
        })
    }

    /// Decrypts a packet; `None` unless it is authentic and new. The caller has admitted the
    /// SSRC.
    pub(crate) fn open_rtp(&mut self, header: &Header, packet: &[u8]) -> Result<Option<Bytes>, Fault> {
        if let Some(opener) = &mut self.opener {
            return guarded(|| opener.open(header, packet).map(Bytes::from));
        }
        let ssrc = header.ssrc;
        if !self.rtp.contains(&ssrc) {
            if self.rtp.len() >= MOST_SSRCS || !self.count_probe()? {
                return Ok(None);
            }
            let probe = &mut self.probe;
            if guarded(|| probe.decrypt_rtp_with_header(packet, header))?.is_err() {
                return Ok(None);
            }
            self.rtp.insert(ssrc);
        }
        let inbound = &mut self.inbound;
        guarded(|| inbound.decrypt_rtp_with_header(packet, header).ok().map(BytesMut::freeze))
    }

    /// Decrypts a compound RTCP packet; `None` unless it is authentic and new.
    pub(crate) fn open_rtcp(&mut self, packet: &[u8]) -> Result<Option<BytesMut>, Fault> {
        let Some(ssrc) = packet.get(4..8) else {
            return Ok(None);
        };
        let ssrc = u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]);
        if !self.rtcp.contains(&ssrc) {
            if self.rtcp.len() >= MOST_SSRCS || !self.count_probe()? {
                return Ok(None);
            }
            let probe = &mut self.probe;
            if guarded(|| probe.decrypt_rtcp(packet))?.is_err() {
                return Ok(None);
            }
            self.rtcp.insert(ssrc);
        }
        let inbound = &mut self.inbound;
        guarded(|| inbound.decrypt_rtcp(packet).ok())
    }

    /// Encrypts a packet.
    pub(crate) fn seal_rtp(&mut self, plain: Plain) -> Result<Option<Bytes>, Fault> {
        let (sealer, outbound) = (&mut self.sealer, &mut self.outbound);
        guarded(|| match sealer {
            Some(sealer) => sealer.seal(plain).map(Bytes::from).ok(),
            None => outbound.encrypt_rtp(&plain.packet).map(BytesMut::freeze).ok(),
        })
    }

    /// Encrypts a compound RTCP packet.
    pub(crate) fn seal_rtcp(&mut self, packet: &[u8]) -> Result<Option<Bytes>, Fault> {
        let outbound = &mut self.outbound;
        guarded(|| outbound.encrypt_rtcp(packet)).map(|sealed| sealed.ok().map(BytesMut::freeze))
    }

    /// Replaces the probe once it holds as much state as forgers may have us keep.
    fn count_probe(&mut self) -> Result<bool, Fault> {
        self.probed += 1;
        if self.probed >= MOST_SSRCS {
            self.probed = 0;
            let config = &self.config;
            let Ok(fresh) = guarded(|| inbound(config, false))? else {
                return Ok(false);
            };
            self.probe = fresh;
        }
        Ok(true)
    }
}

fn session_key(config: &Config, master: (&[u8], &[u8])) -> Result<Option<SessionKey>, Error> {
    SessionKey::new(config.profile, master).map_err(|error| Error::Crypto(error.to_string()))
}

fn inbound(config: &Config, replay_protection: bool) -> Result<Context, Error> {
    let keys = &config.keys;
    let (rtp, rtcp) = if replay_protection {
        let rtp = srtp_replay_protection(REPLAY_WINDOW);
        (Some(rtp), Some(srtcp_replay_protection(REPLAY_WINDOW)))
    } else {
        (None, None)
    };
    Context::new(&keys.remote_master_key, &keys.remote_master_salt, config.profile, rtp, rtcp, provider().crypto())
}
