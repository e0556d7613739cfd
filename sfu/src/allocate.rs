//! Which encodings of the wished tracks a subscriber's way can carry.

use crate::forward::Layer;
use crate::forward::select::Target;

/// A picture is drawn up to this much larger than it was sent, in percent, before a larger encoding is worth its bits.
const STRETCHED: u32 = 110;
/// What is more than what is sent now must fit with this much to spare, in percent, so that it does not come and go.
const TO_SPARE: u64 = 115;
/// Bit/s of a picture for each of its pixels, where nothing was measured yet.
const BITS_PER_PIXEL: u32 = 2;
/// The most that is assumed of a track's lowest encoding, so that it is tried.
const ASSUMED: u32 = 300_000;

/// What a publisher sends of a track in one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) layer: Layer,
    /// Width and height in pixels.
    pub(crate) size: (u16, u16),
    /// In bit/s with its temporal layers up to the index; 0 where nothing was measured.
    pub(crate) rates: Vec<u32>,
    /// Packets come at the moment.
    pub(crate) is_sent: bool,
    /// None come only because its publisher was told that nobody wants it, until a moment ago.
    pub(crate) is_expected: bool,
}

/// A slot that shows, or is to show, a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) slot: usize,
    pub(crate) is_screen: bool,
    /// The user has chosen it.
    pub(crate) is_pinned: bool,
    /// The size at which it is drawn, in pixels.
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// What is sent at the moment.
    pub(crate) sends: Option<Target>,
    /// The lowest first.
    pub(crate) offered: Vec<Offered>,
}

/// What all slots of a subscriber get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allocation {
    pub(crate) choices: Vec<Choice>,
    /// The bit/s that they take.
    pub(crate) taken: u64,
    /// The bit/s that it would take for all to get what fits their sizes.
    pub(crate) wanted: u64,
}

/// What a slot gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) slot: usize,
    /// `None`: there is no place even for the lowest.
    pub(crate) target: Option<Target>,
    /// The encoding that the publisher is to send for it.
    pub(crate) wanted: Option<Layer>,
    /// All of what fits the size at which it is drawn would be too much.
    pub(crate) is_held_back: bool,
    /// The publisher does not send what fits, though it would.
    pub(crate) is_missing: bool,
}

/// How far each slot has come, of what there is to share.
struct Sharing<'a> {
    demands: &'a [Demand],
    ladders: &'a [Vec<Step>],
    /// The step of each.
    taken: Vec<Option<usize>>,
    left: u64,
    is_bounded: bool,
}

/// One step on the way from the least that can be sent to what fits the size.
#[derive(Clone, Copy, Debug)]
struct Step {
    target: Target,
    rate: u64,
}

/// Chooses for all slots of one subscriber, whose way can carry so many bit/s of video. First every picture gets the least
/// that there is of it, what the user has chosen first, then screens and the largest; then what was chosen gets all that it can
/// use; what is left goes round in the same order, a step for each.
pub(crate) fn allocate(demands: &[Demand], budget: u64) -> Allocation {
    let ladders: Vec<Vec<Step>> = demands.iter().map(Demand::ladder).collect();
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by_key(|index| {
        let demand = &demands[*index];
        let area = u32::from(demand.width) * u32::from(demand.height);
        (!demand.is_pinned, !demand.is_screen, std::cmp::Reverse(area), demand.slot)
    });
    let mut sharing = Sharing::new((demands, &ladders), budget);
    order.iter().for_each(|index| _ = sharing.climb(*index));
    let mut kept = vec![0; demands.len()];
    for index in order.iter().filter(|index| demands[**index].is_pinned) {
        while sharing.climb(*index) {}
        kept[*index] = sharing.keep(*index);
    }
    let mut has_climbed = true;
    while has_climbed {
        has_climbed = false;
        for index in &order {
            has_climbed |= sharing.climb(*index);
        }
    }
    let wanted = demands.iter().zip(&ladders).map(|(demand, ladder)| demand.wanted(ladder)).sum();
    let Sharing { taken, left, .. } = sharing;
    let steps = ladders.iter().zip(&taken).filter_map(|(ladder, at)| Some(ladder[(*at)?].rate));
    let sum = steps.sum();
    let places = ladders.iter().zip(taken).zip(kept);
    let choices = demands.iter().zip(places);
    let choices = choices.map(|(demand, ((ladder, at), kept))| demand.choice((ladder, at), left + kept)).collect();
    Allocation { choices, taken: sum, wanted }
}

impl<'a> Sharing<'a> {
    fn new((demands, ladders): (&'a [Demand], &'a [Vec<Step>]), budget: u64) -> Self {
        let taken = vec![None; demands.len()];
        Self { demands, ladders, taken, left: budget, is_bounded: budget != u64::MAX }
    }

    /// Takes the next step of a slot, if it fits.
    fn climb(&mut self, index: usize) -> bool {
        let (ladder, at) = (&self.ladders[index], self.taken[index]);
        let next = at.map_or(0, |at| at + 1);
        let Some(step) = ladder.get(next) else {
            return false;
        };
        let more = beside((ladder, at), *step);
        let is_new = self.demands[index].sends.is_none_or(|sends| step.target > sends);
        let needed = if is_new && self.is_bounded { with_some_to_spare(more) } else { more };
        let fits = needed <= self.left;
        if fits {
            self.left -= more;
            self.taken[index] = Some(next);
        }
        fits
    }

    /// Keeps what a slot would take of an encoding that its publisher was told to leave out: once it is asked for, it comes within
    /// moments, and nobody else is to have its place by then. Answers with how much that is.
    fn keep(&mut self, index: usize) -> u64 {
        let (demand, at) = (&self.demands[index], (&self.ladders[index][..], self.taken[index]));
        let asked = demand.asked(at, self.left).filter(|offered| offered.is_expected);
        let kept = asked.map_or(0, |offered| demand.more(at, offered));
        self.left -= kept;
        kept
    }
}

impl Demand {
    /// The encoding that fits the size at which it is drawn: the lowest that is large enough, else the highest.
    fn fitting(&self) -> Option<&Offered> {
        let is_enough = |offered: &&Offered| {
            let (width, height) = offered.size;
            let reaches = |sent: u16, drawn: u16| u32::from(sent) * STRETCHED >= u32::from(drawn) * 100;
            reaches(width, self.width) || reaches(height, self.height)
        };
        self.offered.iter().find(is_enough).or(self.offered.last())
    }

    /// What could be sent now, from the least on.
    fn ladder(&self) -> Vec<Step> {
        let Some(fitting) = self.fitting() else {
            return Vec::new();
        };
        let within = |offered: &&Offered| offered.layer <= fitting.layer;
        let lowest = self.offered.iter().find(|offered| offered.is_sent).map(|offered| offered.layer);
        // What is below all that is sent would be asked for where that does not fit.
        let is_in_reach = |offered: &&Offered| offered.is_sent || lowest.is_none_or(|lowest| offered.layer < lowest);
        let mut usable: Vec<&Offered> = self.offered.iter().filter(within).filter(is_in_reach).collect();
        // A publisher that sends none that is small enough.
        if !usable.iter().any(|offered| offered.is_sent) {
            usable.extend(self.offered.iter().find(|offered| offered.is_sent));
        }
        usable.iter().enumerate().flat_map(|(index, offered)| self.steps(offered, index == 0)).collect()
    }

    /// The steps of an encoding that are worth sending.
    fn steps(&self, offered: &Offered, is_lowest: bool) -> impl Iterator<Item = Step> {
        // Half the pictures of a large camera are better than all of a small one, a quarter of them is not.
        let least = usize::from(!is_lowest && !self.is_screen && offered.rates.len() > 2);
        offered.steps().skip(least)
    }

    /// The bit/s of what fits the size at which it is drawn, whether or not it is sent at the moment.
    fn wanted(&self, ladder: &[Step]) -> u64 {
        let steps = self.fitting().into_iter().flat_map(Offered::steps).chain(ladder.last().copied());
        steps.map(|step| step.rate).max().unwrap_or(0)
    }

    /// The bit/s that the least of an encoding takes beside what is taken already, with some to spare.
    fn more(&self, (ladder, at): (&[Step], Option<usize>), offered: &Offered) -> u64 {
        let least = self.steps(offered, at.is_none()).next();
        least.map_or(u64::MAX, |step| with_some_to_spare(beside((ladder, at), step)))
    }

    /// The encoding that is worth asking its publisher for, where so many bit/s are left: what is not sent now is only asked for if
    /// it would be taken.
    fn asked(&self, (ladder, at): (&[Step], Option<usize>), left: u64) -> Option<&Offered> {
        let (fitting, shown) = (self.fitting()?.layer, at.map(|at| ladder[at].target.layer));
        let is_above = |offered: &&Offered| shown.is_none_or(|shown| offered.layer > shown);
        let above = self.offered.iter().filter(|offered| offered.layer <= fitting).filter(is_above);
        // What is above one that is sent and does not fit does not either.
        above.take_while(|offered| !offered.is_sent).filter(|offered| self.more((ladder, at), offered) <= left).last()
    }

    /// What comes of it, where so many bit/s are left.
    fn choice(&self, (ladder, at): (&[Step], Option<usize>), left: u64) -> Choice {
        let target = at.map(|at| ladder[at].target);
        let shown = target.map(|target| target.layer);
        let whole = self.fitting();
        let fitting = whole.map(|offered| offered.layer);
        let is_top = at.is_some_and(|at| at + 1 == ladder.len());
        let is_missing = is_top && shown < fitting;
        let asked = self.asked((ladder, at), left).map(|offered| offered.layer);
        let least = || self.offered.first().map(|offered| offered.layer);
        let wanted = if fitting < shown { fitting } else { asked.or(shown).or_else(least) };
        // Nor could all be had of what fits if it were sent: then the publisher is not to blame.
        let whole = whole.and_then(|offered| offered.steps().last());
        let is_too_much = whole.is_some_and(|step| with_some_to_spare(beside((ladder, at), step)) > left);
        let is_held_back = fitting.is_some() && (!is_top || (is_missing && is_too_much));
        Choice { slot: self.slot, target, wanted, is_held_back, is_missing: is_missing && !is_held_back }
    }
}

/// The bit/s that a step takes beside what is taken already.
fn beside((ladder, at): (&[Step], Option<usize>), step: Step) -> u64 {
    step.rate.saturating_sub(at.map_or(0, |at| ladder[at].rate))
}

fn with_some_to_spare(bits: u64) -> u64 {
    bits.saturating_mul(TO_SPARE) / 100
}

impl Offered {
    fn steps(&self) -> impl Iterator<Item = Step> {
        let (width, height) = self.size;
        let assumed = (u32::from(width) * u32::from(height)).saturating_mul(BITS_PER_PIXEL);
        let assumed = if self.layer == Layer::default() { assumed.min(ASSUMED) } else { assumed };
        let is_measured = self.rates.iter().any(|rate| *rate > 0);
        let rate = move |rate: u32| u64::from(if is_measured { rate } else { assumed });
        let layer = self.layer;
        self.rates
            .iter()
            .zip(0_u8..)
            .map(move |(bits, temporal)| Step { target: Target { layer, temporal }, rate: rate(*bits) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A camera in three encodings of two temporal layers each.
    fn camera(slot: usize, width: u16) -> Demand {
        let offered = [(0, 160, 100_000), (1, 320, 300_000), (2, 640, 1_000_000)].map(|(layer, width, rate)| Offered {
            layer: Layer::of_encoding(layer),
            size: (width, width / 4 * 3),
            rates: vec![rate / 2, rate],
            is_sent: true,
            is_expected: false,
        });
        let height = width / 4 * 3;
        Demand { slot, is_screen: false, is_pinned: false, width, height, sends: None, offered: offered.into() }
    }

    fn targets(demands: &[Demand], budget: u64) -> Vec<Option<(u8, u8)>> {
        let choices = allocate(demands, budget).choices;
        choices.iter().map(|choice| choice.target.map(|target| (target.layer.encoding, target.temporal))).collect()
    }

    #[test]
    fn where_there_is_room_the_size_decides() {
        let demands = [camera(0, 640), camera(1, 320), camera(2, 100), camera(3, 350), camera(4, 2_000)];
        let layers = [(2, 1), (1, 1), (0, 1), (1, 1), (2, 1)].map(Some);
        assert_eq!(targets(&demands, u64::MAX), layers);
        assert!(allocate(&demands, u64::MAX).choices.iter().all(|choice| !choice.is_held_back));
    }

    #[test]
    fn where_there_is_little_all_get_something_and_the_largest_gets_more() {
        let demands = [camera(0, 100), camera(1, 640), camera(2, 100)];
        assert_eq!(targets(&demands, 170_000), [Some((0, 0)); 3]);
        assert_eq!(targets(&demands, 60_000), [None, Some((0, 0)), None]);
        assert_eq!(targets(&demands, 650_000), [Some((0, 1)), Some((1, 1)), Some((0, 1))]);
        assert_eq!(targets(&demands, 0), [None; 3]);
    }

    #[test]
    fn what_was_chosen_gets_all_before_others_get_more_than_the_least() {
        let pinned = Demand { is_pinned: true, ..camera(0, 320) };
        let others = [camera(1, 640), camera(2, 640)];
        let demands = [&[pinned][..], &others].concat();
        assert_eq!(targets(&demands, 450_000), [Some((1, 1)), Some((0, 0)), Some((0, 0))]);
        assert_eq!(targets(&demands, 60_000), [Some((0, 0)), None, None]);
        let screen = Demand { is_screen: true, ..camera(1, 640) };
        assert_eq!(targets(&[demands[0].clone(), screen], 60_000), [Some((0, 0)), None]);
    }

    #[test]
    fn temporal_layers_go_first_and_a_screen_before_cameras() {
        let screen = Demand { is_screen: true, ..camera(1, 640) };
        assert_eq!(targets(&[camera(0, 640), screen], 120_000), [Some((0, 0)), Some((0, 0))]);
        assert_eq!(targets(&[camera(0, 640)], 700_000), [Some((2, 0))]);
        assert_eq!(targets(&[camera(0, 640)], 200_000), [Some((1, 0))]);
    }

    #[test]
    fn what_is_sent_stays_where_as_much_would_not_be_taken_up_anew() {
        let budget = 1_050_000;
        assert_eq!(targets(&[camera(0, 640)], budget), [Some((2, 0))]);
        let sends = Some(Target { layer: Layer::of_encoding(2), temporal: 1 });
        assert_eq!(targets(&[Demand { sends, ..camera(0, 640) }], budget), [Some((2, 1))]);
    }

    #[test]
    fn an_encoding_that_is_paused_is_asked_for_and_another_shown_until_it_comes() {
        let mut demand = camera(0, 640);
        demand.offered[2].is_sent = false;
        let choice = allocate(&[demand.clone()], u64::MAX).choices[0];
        assert_eq!(
            (choice.target, choice.wanted),
            (Some(Target { layer: Layer::of_encoding(1), temporal: 1 }), Some(Layer::of_encoding(2)))
        );
        demand.offered.iter_mut().for_each(|offered| offered.is_sent = false);
        let choice = allocate(&[demand], u64::MAX).choices[0];
        assert_eq!(
            (choice.target, choice.wanted),
            (Some(Target { layer: Layer::of_encoding(2), temporal: 1 }), Some(Layer::of_encoding(2)))
        );
    }

    #[test]
    fn where_what_fits_the_size_would_be_too_much_what_is_between_is_asked_for() {
        let mut demand = camera(0, 640);
        demand.offered.iter_mut().skip(1).for_each(|offered| offered.is_sent = false);
        let choice = |budget: u64| allocate(std::slice::from_ref(&demand), budget).choices[0];
        assert_eq!(choice(400_000).wanted, Some(Layer::of_encoding(1)));
        assert_eq!(choice(2_000_000).wanted, Some(Layer::of_encoding(2)));
        assert_eq!(choice(120_000).wanted, Some(Layer::of_encoding(0)));
        assert!(choice(400_000).is_held_back && !choice(400_000).is_missing);
    }

    #[test]
    fn what_would_not_fit_is_not_asked_for_and_the_least_always_is() {
        let mut demand = camera(0, 640);
        demand.offered[2].is_sent = false;
        let choice = allocate(&[demand.clone()], 500_000).choices[0];
        assert_eq!(
            (choice.target.map(|target| target.layer), choice.wanted),
            (Some(Layer::of_encoding(1)), Some(Layer::of_encoding(1)))
        );
        assert!(choice.is_held_back && !choice.is_missing);
        demand.offered.iter_mut().zip([false, false, true]).for_each(|(offered, is_sent)| offered.is_sent = is_sent);
        let choice = allocate(&[demand.clone()], 200_000).choices[0];
        assert_eq!(choice.wanted, choice.target.map(|target| target.layer));
        assert!(choice.wanted < Some(Layer::of_encoding(2)), "{choice:?}");
        let choice = allocate(&[demand], 0).choices[0];
        assert_eq!((choice.target, choice.wanted), (None, Some(Layer::of_encoding(0))));
    }

    proptest! {
        #[test]
        fn no_more_is_promised_than_there_is(widths in prop::collection::vec(1_u16..2_000, 0..12), budget in 0_u64..5_000_000) {
            let demands: Vec<Demand> = widths.iter().enumerate().map(|(slot, width)| camera(slot, *width)).collect();
            let choices = allocate(&demands, budget).choices;
            let rate = |target: Target| demands[0].offered[target.layer.index()].rates[usize::from(target.temporal)];
            let sum: u64 = choices.iter().filter_map(|choice| choice.target).map(|target| u64::from(rate(target))).sum();
            prop_assert!(sum <= budget, "{} of {}", sum, budget);
            let shown = choices.iter().filter(|choice| choice.target.is_some()).count() as u64;
            prop_assert!(shown >= (budget / 60_000).min(demands.len() as u64), "{} with {}", shown, budget);
        }
    }

    #[test]
    fn what_a_pinned_picture_would_take_once_it_is_sent_again_is_not_given_away() {
        let paused = |is_expected: bool| {
            let mut pinned = Demand { is_pinned: true, ..camera(0, 640) };
            pinned.offered[1..]
                .iter_mut()
                .for_each(|offered| (offered.is_sent, offered.is_expected) = (false, is_expected));
            let Allocation { choices, .. } = allocate(&[pinned, camera(1, 640)], 1_000_000);
            let layer = |layer: Option<Layer>| layer.map(|layer| layer.encoding);
            (layer(choices[0].wanted), layer(choices[1].target.map(|target| target.layer)))
        };
        assert_eq!(paused(true), (Some(2), Some(1)));
        // One that its publisher cannot send holds nobody back.
        assert_eq!(paused(false), (Some(1), Some(2)));
    }
}
