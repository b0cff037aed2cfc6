// Runs the detector contract over the whole shelf.
import { createScanner, DATA_TYPES } from '../../src/detectors/index.ts';
import { detectorContract } from '../contracts/detector.ts';

for (const type of DATA_TYPES) detectorContract(type, createScanner);
