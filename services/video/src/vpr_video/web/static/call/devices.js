/* Camera and microphone of this device. What is off is stopped, not hidden: the camera's light goes out. */

const LARGE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SMALL = { width: { ideal: 480 }, height: { ideal: 360 }, frameRate: { ideal: 12, max: 15 } };
const REAR = /back|rear|environment|arri/i;
const FRONT = /front|user|avant/i;

export class Devices {
  audio = null;
  video = null;
  facing = "user";
  cameras = 0;
  saving = false;
  #life = 0;

  async openAudio() {
    const life = this.#life;
    const track = await this.#open({ audio: { echoCancellation: true, noiseSuppression: true } }, life);
    if (track) this.audio = track;
  }

  async openVideo(facing = this.facing) {
    const life = this.#life;
    this.closeVideo();
    const size = this.saving ? SMALL : LARGE;
    const device = await this.#device(facing);
    const which = device ? { deviceId: { exact: device } } : { facingMode: { ideal: facing } };
    const track = await this.#open({ video: { ...size, ...which } }, life);
    if (!track) return;
    this.video = track;
    this.facing = facing;
    this.cameras = (await this.#list()).length;
  }

  /* What opens only after all was closed is not used: null. */
  async #open(wanted, life) {
    const [track] = (await navigator.mediaDevices.getUserMedia(wanted)).getTracks();
    if (life === this.#life) return track;
    track.stop();
    return null;
  }

  closeVideo() {
    this.video?.stop();
    this.video = null;
  }

  close() {
    this.#life++;
    this.closeVideo();
    this.audio?.stop();
    this.audio = null;
  }

  /* Whether the light can be lit: null where the device does not say that it can. */
  get torch() {
    if (!this.video?.getCapabilities?.().torch) return null;
    return Boolean(this.video.getSettings().torch);
  }

  async light(on) {
    await this.video.applyConstraints({ advanced: [{ torch: on }] });
  }

  /* How far the picture can be enlarged and is now, {min, max, now}: null where the device does not say that it can. */
  get zoom() {
    const can = this.video?.getCapabilities?.().zoom;
    if (!can || !(can.max > can.min)) return null;
    return { min: can.min, max: can.max, now: this.video.getSettings().zoom ?? can.min };
  }

  async enlarge(to) {
    const { min, max } = this.zoom;
    await this.video.applyConstraints({ advanced: [{ zoom: Math.min(max, Math.max(min, to)) }] });
  }

  async #list() {
    return (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
  }

  /* Phones choose by facingMode; devices that know no facing are chosen from the list. */
  async #device(facing) {
    const list = (await this.#list()).filter((one) => one.deviceId);
    if (list.length < 2) return null;
    const named = list.find((one) => (facing === "environment" ? REAR : FRONT).test(one.label));
    if (named || list.some((one) => REAR.test(one.label) || FRONT.test(one.label))) return null;
    return (facing === "environment" ? list.at(-1) : list[0]).deviceId;
  }
}

/* Loudness of a microphone, 0 to 1, told a few times a second until the function that comes back is called. */
export function meter(track, tell) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples);
    tell(Math.min(1, Math.max(...samples.map((one) => Math.abs(one - 128))) / 64));
  }, 150);
  return () => {
    clearInterval(timer);
    if (context.state !== "closed") context.close();
  };
}
