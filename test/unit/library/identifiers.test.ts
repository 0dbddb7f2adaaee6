import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  buildCertificateIdentifier,
  certificateIdentifierFault,
  completeCreditCode,
  completeIdNumber,
  completeOrganizationCode,
  completeRegistrationNumber,
  creditCodeFault,
  idNumberFault,
  organizationCodeFault,
  registrationNumberFault,
} from '../../../domain/library/identifiers.ts';

describe('证照标识 (GB/T 36904)', () => {
  const valid = [
    '1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U',
    '1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.S',
    '1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9',
  ];
  for (const identifier of valid)
    it(`${identifier} is valid`, () => assert.equal(certificateIdentifierFault(identifier), null));
  it('a wrong check character is told apart from a wrong shape', () => {
    const wrong = '1.2.156.3005.2.11100000000013338W050.91610800064834709T.2023000001.001.X';
    assert.equal(certificateIdentifierFault(wrong), 'check');
    assert.equal(certificateIdentifierFault(`${wrong.slice(0, -1)}2`), null);
    assert.equal(certificateIdentifierFault('1.2.156.3005.2.1.2.3'), 'shape');
  });
  it('what is built is valid, and no other check character is', () => {
    const part = (length: number): fc.Arbitrary<string> =>
      fc.string({
        unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('')),
        minLength: length,
        maxLength: length,
      });
    fc.assert(
      fc.property(part(21), part(18), part(9), (type, issuer, serial) => {
        const identifier = buildCertificateIdentifier(type, issuer, serial, '001');
        assert.equal(certificateIdentifierFault(identifier), null);
        const other = identifier.endsWith('7') ? '8' : '7';
        assert.equal(certificateIdentifierFault(identifier.slice(0, -1) + other), 'check');
      }),
    );
  });
});

describe('统一社会信用代码 (GB 32100)', () => {
  for (const code of ['11430000006122244L', '91460100MA5THWMM2J'])
    it(`${code} is valid`, () => assert.equal(creditCodeFault(code), null));
  it('the letter O for 0 is a wrong character, not a wrong check', () =>
    assert.equal(creditCodeFault('1143000000612224OL'), 'shape'));
  it('a single changed character never passes', () => {
    const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'.split('');
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...alphabet), { minLength: 17, maxLength: 17 }),
        fc.nat(16),
        fc.constantFrom(...alphabet),
        (first, at, other) => {
          const code = completeCreditCode(
            first.slice(0, 8).join('') + completeOrganizationCode(first.slice(8, 16).join('')),
          );
          assert.equal(creditCodeFault(code), null);
          if (other === code[at]) return;
          assert.equal(creditCodeFault(code.slice(0, at) + other + code.slice(at + 1)), 'check');
        },
      ),
    );
  });
});

describe('公民身份号码 (GB 11643)', () => {
  it('the specimen is valid', () => assert.equal(idNumberFault('11010519491231002X'), null));
  it('the birth date must exist', () => assert.equal(idNumberFault(completeIdNumber('11010519490231002')), 'shape'));
  it('a wrong check character is found', () => assert.equal(idNumberFault('110105194912310021'), 'check'));
  it('hostile input takes no time', () => {
    for (const text of ['1'.repeat(1_000_000), 'X'.repeat(1_000_000), '1.2.156.3005.2.'.repeat(100_000)]) {
      assert.equal(idNumberFault(text), 'shape');
      assert.equal(creditCodeFault(text), 'shape');
      assert.equal(certificateIdentifierFault(text), 'shape');
    }
  });
});

describe('组织机构代码 (GB 11714) and 注册号 (GS 15)', () => {
  it('are valid with their check character and with no other', () => {
    assert.equal(organizationCodeFault('MA5THWMM2'), null);
    assert.equal(organizationCodeFault('MA5THWMM3'), 'check');
    assert.equal(registrationNumberFault('110108000000016'), null);
    const body = fc.array(fc.constantFrom(...'0123456789'.split('')), { minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(body, fc.nat(14), fc.constantFrom(...'0123456789'.split('')), (digits, at, other) => {
        const code = completeRegistrationNumber(digits.join(''));
        assert.equal(registrationNumberFault(code), null);
        const changed = code.slice(0, at) + other + code.slice(at + 1);
        assert.equal(registrationNumberFault(changed), changed === code ? null : 'check');
      }),
    );
  });
});
