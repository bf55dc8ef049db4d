// Plays a stretch of a call's recording. The sound is fetched once for each call, with the token.

import { fetchRecording } from "./session.js";

const MARGIN = 0.3; // seconds around the words: their times are right within that

/** One loudspeaker: what is played next ends what is played now. */
export class Player {
  /** `onChange(utterance id or null)` is told what is played; `onProblem(problem)` what failed. */
  constructor({ onChange, onProblem }) {
    this.audio = new Audio();
    this.onChange = onChange;
    this.onProblem = onProblem;
    this.call = null;
    this.playing = null;
    this.until = 0;
    this.audio.addEventListener("timeupdate", () => this.audio.currentTime >= this.until && this.stop());
    this.audio.addEventListener("ended", () => this.stop());
  }

  /** Play these words of a call, or stop where they are played already. */
  async play(callId, said) {
    const again = this.playing === said.id;
    this.stop();
    if (again) return;
    this.playing = said.id;
    this.onChange(said.id);
    try {
      await this.load(callId);
      if (this.playing !== said.id) return;
      this.audio.currentTime = Math.max(0, said.start - MARGIN);
      this.until = said.end + MARGIN;
      await this.audio.play();
    } catch (problem) {
      if (this.playing !== said.id) return; // stopped by a person meanwhile
      this.stop();
      this.onProblem(problem);
    }
  }

  async load(callId) {
    if (this.call === callId) return;
    this.forget();
    const sound = await fetchRecording(callId);
    this.audio.src = URL.createObjectURL(sound);
    this.call = callId;
    await new Promise((loaded, failed) => {
      this.audio.addEventListener("loadedmetadata", loaded, { once: true });
      this.audio.addEventListener("error", () => failed(new Error("the sound cannot be played")), { once: true });
    });
  }

  stop() {
    this.audio.pause();
    if (this.playing === null) return;
    this.playing = null;
    this.onChange(null);
  }

  /** Let go of the sound that was fetched. */
  forget() {
    if (this.call === null) return;
    this.audio.pause();
    URL.revokeObjectURL(this.audio.src);
    this.audio.removeAttribute("src");
    this.call = null;
  }
}
