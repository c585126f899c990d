// A Raspberry Pi Pico under rp2040js, whose buses are answered by the process that started it.
//
//   node emulator.mjs RP2040JS BOOTROM UF2 FS.img FS_OFFSET
//
// RP2040JS: a folder in whose node_modules rp2040js lies; BOOTROM: a module that exports bootromB1;
// FS.img: the LittleFS image with main.py, at FS_OFFSET of the flash.
// On stdout a line a happening, `letter microseconds more`; on stdin one byte as the answer to those
// that have one.  Microseconds are of the chip's own time.
//   i ADDRESS READ   I2C: who is addressed                 -> 1: acknowledged
//   w BYTE           a byte written
//   r                a byte is to be read                  -> it
//   p                a STOP, or a START anew
//   s, d             SPI: selected (pin 17 low), deselected
//   x BYTE           a byte exchanged                      -> what the chip sends
//   R                1-Wire (pin 15): a reset              -> 1: somebody is there
//   b BIT            a slot                                -> 0: the chip pulls the line low
//   o BUSY TEXT      a piece of the console as JSON; BUSY: nanoseconds that the buses were taken

import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [library, rom, uf2, image, offset] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(path.resolve(file)));
const { Simulator, USBCDC, ConsoleLogger, LogLevel } = await load(
  path.join(library, 'node_modules/rp2040js/dist/esm/index.js'),
);
const { bootromB1 } = await load(rom);

const CLOCK_HZ = 125e6;
const SDA = 4;
const SCL = 5;
const CS = 17;
const LINE = 15;
const BITS = { start: 1, byte: 9, stop: 1 }; // SCL periods, the acknowledge with its byte

const chip = new Simulator();
const { rp2040: mcu, clock } = chip;
mcu.logger = new ConsoleLogger(LogLevel.Error);
mcu.loadBootrom(bootromB1);

// --- flash: blocks of 512 bytes, of which those of the main flash count (UF2's specification)

const blocks = fs.readFileSync(uf2);
for (let at = 0; at < blocks.length; at += 512) {
  const word = (place) => blocks.readUInt32LE(at + place);
  const [flags, address, bytes, family] = [word(8), word(12), word(16), word(28)];
  if (flags & 1 || (flags & 0x2000 && family !== 0xe48bff56)) continue;
  mcu.flash.set(blocks.subarray(at + 32, at + 32 + bytes), address - 0x10000000);
}
mcu.flash.set(fs.readFileSync(image), Number(offset));

// --- the process that started this one

let busy = 0; // nanoseconds
const answer = Buffer.alloc(1);
const tell = (letter, more = '') =>
  fs.writeSync(1, `${letter} ${Math.floor(clock.nanos / 1000)} ${more}\n`);
const ask = (letter, more) => {
  tell(letter, more);
  if (fs.readSync(0, answer, 0, 1) !== 1) process.exit(0);
  return answer[0];
};

// One thing at a time is under way on a bus: it is over when its bits have passed.
function bus() {
  let then = null;
  const alarm = clock.createAlarm(() => then());
  return (nanos, done) => {
    busy += nanos;
    then = done;
    alarm.schedule(nanos);
  };
}

// --- I2C

const i2c = mcu.i2c[0];
const onI2C = bus();
const passing = (periods, done) =>
  onI2C((periods * (i2c.sclHighPeriod + i2c.sclLowPeriod) * 1e9) / CLOCK_HZ, done);
let addressed = false;
const over = () => {
  if (addressed) tell('p');
  addressed = false;
};
i2c.onStart = () => passing(BITS.start, () => (over(), i2c.completeStart()));
i2c.onConnect = (address, mode) =>
  passing(BITS.byte, () => {
    addressed = ask('i', `${address} ${mode ? 1 : 0}`) === 1;
    i2c.completeConnect(addressed);
  });
i2c.onWriteByte = (byte) => passing(BITS.byte, () => (tell('w', byte), i2c.completeWrite(true)));
i2c.onReadByte = () => passing(BITS.byte, () => i2c.completeRead(ask('r')));
i2c.onStop = () => passing(BITS.stop, () => (over(), i2c.completeStop()));
mcu.gpio[SDA].setInputValue(true);
mcu.gpio[SCL].setInputValue(true);

// --- SPI

const spi = mcu.spi[0];
const onSPI = bus();
let selected = false;
spi.onTransmit = (byte) =>
  onSPI((8 * 1e9) / spi.clockFrequency, () => spi.completeTransmit(selected ? ask('x', byte) : 0));
const isLow = (pin) => pin.outputEnable && !pin.outputValue;
mcu.gpio[CS].addListener(() => {
  if (isLow(mcu.gpio[CS]) === selected) return;
  selected = !selected;
  tell(selected ? 's' : 'd');
});

// --- 1-Wire: the length of a low pulse says what it is (DS18B20 data sheet, figures 15 and 16)

const RESET_NS = 400e3;
const ONE_NS = 15e3; // released before: a one, or a slot in which the chip may answer
const line = mcu.gpio[LINE];
let low = false;
let since = 0;
let pulls = false;
const level = () => line.setInputValue(!low && !pulls);
const pull = (from, nanos) => {
  clock.createAlarm(() => ((pulls = true), level())).schedule(from);
  clock.createAlarm(() => ((pulls = false), level())).schedule(from + nanos);
};
line.addListener(() => {
  if (isLow(line) === low) return;
  low = !low;
  if (low) since = clock.nanos;
  else {
    const lasted = clock.nanos - since;
    busy += lasted;
    if (lasted >= RESET_NS) {
      if (ask('R') === 1) pull(30e3, 120e3);
    } else if (ask('b', lasted < ONE_NS ? 1 : 0) === 0 && lasted < ONE_NS) pull(1, 30e3);
  }
  level();
});
level();

// --- the console

const usb = new USBCDC(mcu.usbCtrl);
const decoder = new TextDecoder('latin1');
usb.onSerialData = (bytes) => tell('o', `${Math.floor(busy)} ${JSON.stringify(decoder.decode(bytes))}`);
// Nothing is ever sent to the board: a transfer that is answered by no bytes would be asked for
// again at once, some ten thousand times a second.
mcu.usbCtrl.onEndpointRead = () => {};
mcu.onBreak = (code) => {
  console.error(`the chip stopped at BKPT ${code}`);
  process.exit(1);
};

mcu.core.PC = 0x10000000;
for (;;) {
  if (mcu.core.waiting) clock.tick(Math.max(clock.nanosToNextAlarm, 1e9 / CLOCK_HZ));
  else clock.tick((mcu.core.executeInstruction() * 1e9) / CLOCK_HZ);
}
