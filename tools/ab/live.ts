import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { difference } from "./observation.ts";
import { seeded } from "./random.ts";
import type { LiveStep } from "./results.ts";
import type { App, Live, Target } from "./side.ts";
import type { Workload } from "./workload.ts";

/** What happens in a step while apps wait. */
interface Plan {
  readonly step: string;
  /** Whether only the sender and the people of the workload are in the room. */
  readonly small: boolean;
  readonly receivers: number;
  readonly sends: number;
  readonly signIns: number;
  /** Seconds between two messages or sign-ins, on average. */
  readonly gap: number;
}

const GAP = 0.4;
/** So that a message has reached everybody before the next one is sent. */
const gapFor = (receivers: number) => Math.max(GAP, receivers * 0.02);
/** After many people joined, until the homeserver has noted it everywhere: milliseconds for each. */
const SETTLE_MS = 50;
/** A message that has not arrived by then is missing. */
const ARRIVAL_MS = 15_000;

/**
 * One step for each cost of the capacity model, and two that check it: between the numbers of receivers, and everything at
 * once at another rate.
 */
export function plans({ receivers, messages }: Workload["delivery"]): readonly Plan[] {
  const plan = (step: string, waiting: number, changes: Partial<Plan> = {}): Plan => ({
    ...{ step, small: false, receivers: waiting, sends: 0, signIns: 0, gap: GAP },
    ...changes,
  });
  const mixed = Math.ceil(receivers * 0.4);
  const between = Math.round(Math.sqrt(receivers));
  return [
    plan(SMALL_ROOM, 0, { small: true, sends: messages }),
    plan("idle", 0),
    plan("waiting", receivers),
    ...[1, between, receivers].map((waiting) =>
      plan(deliveryTo(waiting), waiting, { sends: messages, gap: gapFor(waiting) }),
    ),
    plan("sign-in", 0, { signIns: messages, gap: GAP / 2 }),
    plan("everything", mixed, { sends: messages, signIns: messages, gap: gapFor(mixed) / 2 }),
  ];
}

export const SMALL_ROOM = "small room";
export const deliveryTo = (receivers: number): string => `delivery to ${receivers}`;

/** Messages of the measurement, and no others. */
const content = (step: string, index: number) =>
  `measured ${step} ${index}: about as long as people write in a chat.`;

/** Measures all steps with the same people, one after the other. */
export async function measureLive(target: Target, workload: Workload): Promise<LiveStep[]> {
  if (!target.live) return [];
  const { delivery, seed } = workload;
  // One more, who sends and does not wait.
  const live = await target.live(delivery.receivers + 1);
  const steps: LiveStep[] = [];
  let members = live.members;
  for (const [index, plan] of plans(delivery).entries()) {
    if (!plan.small && members === live.members) {
      members = await live.admit();
      await wait(members * SETTLE_MS);
    }
    const measured = await measureStep(target, live, plan, delivery.messages, seeded(seed + index));
    steps.push({ ...measured, members });
  }
  return steps;
}

async function measureStep(
  target: Target,
  live: Live,
  { step, receivers, sends, signIns, gap }: Plan,
  messages: number,
  random: ReturnType<typeof seeded>,
): Promise<Omit<LiveStep, "members">> {
  const [sender, ...others] = live.apps as readonly [App, ...App[]];
  const sentAt = new Map<string, number>();
  const arrivals: number[] = [];
  let complete = () => {};
  const all = new Promise<void>((resolve) => (complete = resolve));
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  await Promise.all(
    others.slice(0, receivers).map((app) =>
      app.follow((text) => {
        const sent = sentAt.get(text);
        if (sent !== undefined) arrivals.push(performance.now() - sent);
        if (arrivals.length === sends * receivers) complete();
      }, stop.signal),
    ),
  );

  const before = await target.observe?.("begins");
  const received = live.receivedBytes();
  const start = performance.now();
  const signInTimes: number[] = [];
  const running: Promise<unknown>[] = [];
  // Steps without messages last twice as long as those with them: their cost is small.
  const events = Math.max(sends, signIns) || 2 * messages;
  for (let index = 0; index < events; index++) {
    await wait(1000 * random.gap(1 / gap));
    if (index < sends) {
      const text = content(step, index);
      sentAt.set(text, performance.now());
      running.push(sender.send(text));
    }
    if (index < signIns) {
      const began = performance.now();
      // In turn, because an account and an address may sign in a few times only.
      const person = index % live.apps.length;
      running.push(live.signIn(person).then(() => signInTimes.push(performance.now() - began)));
    }
  }
  await Promise.all(running);
  const tooLate = wait(ARRIVAL_MS, undefined, { signal: stop.signal }).catch(() => {});
  if (sends * receivers > 0) await Promise.race([all, tooLate]);
  const took = performance.now() - start;
  const after = await target.observe?.("ended");
  const receivedBytes = live.receivedBytes() - received;
  stop.abort();
  if (receivers > 0) {
    // A homeserver notices that an app has gone when it answers it: outside of the next step.
    await sender.send("The apps have gone.");
    await wait(receivers * SETTLE_MS);
  }
  return {
    ...{ step, receivers, sends, signIns, took },
    arrivals: arrivals.map(rounded),
    signInTimes: signInTimes.map(rounded),
    missing: sends * receivers - arrivals.length,
    receivedBytes,
    used: before && after ? difference(before, after) : null,
  };
}

/** Rounds to microseconds. */
const rounded = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;
