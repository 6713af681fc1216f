// The peer: Bolt for JS, HTTPReceiver, acknowledges at once and stores nothing.
import bolt from "@slack/bolt";

const app = new bolt.App({
  signingSecret: process.env.SIGNING_SECRET,
  authorize: async () => ({ botToken: "xoxb-bench", botId: "B0", botUserId: "U0" }),
});
app.command("/triage", async ({ ack }) => ack());
const server = await app.start(0);
console.log(server.address().port);
