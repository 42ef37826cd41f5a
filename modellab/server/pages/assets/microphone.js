// What the microphone hears, as 16 bit samples, a tenth of a second at a time.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.held = new Int16Array(sampleRate / 10);
    this.count = 0;
  }

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.held[this.count++] = Math.round(Math.max(-1, Math.min(1, sample)) * 32767);
      if (this.count === this.held.length) {
        const full = this.held.slice().buffer;
        this.port.postMessage(full, [full]);
        this.count = 0;
      }
    }
    return true;
  }
}
registerProcessor("microphone", Microphone);
